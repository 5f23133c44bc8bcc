//! Labels that workflows invent, such as one for each run, and with which the job's runner then registers.

use serde::{Deserialize, Serialize};

/// Maximum number of such labels of a job.
const MAX_LABELS: usize = 10;
/// Maximum length of such a label.
const MAX_LABEL_LENGTH: usize = 100;

/// A pattern of labels with which a runner registers if its job has them: `run-*` matches all labels that begin with
/// `run-`.
///
/// A label comes from a payload, and goes to GitHub and into the task's environment. So it may contain only letters,
/// digits, `-`, `_` and `.`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pin(String);

impl TryFrom<String> for Pin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_valid = |prefix: &&str| (2..=40).contains(&prefix.len()) && plain(prefix);
        match text.strip_suffix('*').filter(is_valid) {
            Some(prefix) => Ok(Self(prefix.to_owned())),
            None => Err(format!(
                "pin {text:?}: must be 2 to 40 letters, digits, '-', '_' or '.', followed by '*'"
            )),
        }
    }
}

impl From<Pin> for String {
    fn from(Pin(prefix): Pin) -> Self {
        format!("{prefix}*")
    }
}

impl Pin {
    fn matches(&self, label: &str) -> bool {
        let beginning = label.get(..self.0.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(&self.0))
            && (self.0.len() + 1..=MAX_LABEL_LENGTH).contains(&label.len())
            && plain(label)
    }

    /// Returns the labels that match the pattern, without duplicates; none if they are too many.
    pub(super) fn matching<'a>(&self, labels: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut matching: Vec<String> = Vec::new();
        for label in labels.filter(|label| self.matches(label)) {
            if matching.iter().any(|known| known.eq_ignore_ascii_case(label)) {
                continue;
            }
            // A job can have tens of thousands of labels.
            if matching.len() == MAX_LABELS {
                return Vec::new();
            }
            matching.push(label.to_owned());
        }
        matching
    }
}

fn plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(labels: &[&str]) -> String {
        let pin = Pin::try_from("run-*".to_owned()).expect("a pattern");
        pin.matching(labels.iter().copied()).join(" ")
    }

    #[test]
    fn a_pattern_matches_plain_labels_with_its_prefix() {
        assert_eq!(
            matching(&["run-5", "Run-6.b", "RUN-5", "run-", "runs", "linux"]),
            "run-5 Run-6.b"
        );
        assert_eq!(matching(&["run-a b", "run-a,b", "run-$x", "run-ü", "run-\n", "rün-1"]), "");
        let long = format!("run-{}", "x".repeat(MAX_LABEL_LENGTH));
        assert_eq!(matching(&[&long]), "");
        let many: Vec<String> = (0..=MAX_LABELS).map(|n| format!("run-{n}")).collect();
        assert_eq!(matching(&many.iter().map(String::as_str).collect::<Vec<_>>()), "");
    }

    #[test]
    fn a_pattern_without_a_prefix_is_rejected() {
        for faulty in ["*", "r*", "run", "*run", "ru*n*", "run ,*", ""] {
            assert!(Pin::try_from(faulty.to_owned()).is_err(), "{faulty}");
        }
    }
}
