//! Labels that a job makes up itself, such as one of each run, and that its runner then carries.

use serde::{Deserialize, Serialize};

/// The most such labels of one job.
const MOST: usize = 10;
/// The longest such label.
const LONGEST: usize = 100;

/// A pattern of labels that are registered as asked: `run-*` stands for every label that begins with `run-`.
///
/// The label comes from a payload and goes to GitHub and into the task's environment, so that it is
/// letters, digits, `-`, `_` and `.` alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pin(String);

impl TryFrom<String> for Pin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let sound = |prefix: &&str| (2..=40).contains(&prefix.len()) && plain(prefix);
        match text.strip_suffix('*').filter(sound) {
            Some(prefix) => Ok(Self(prefix.to_owned())),
            None => Err(format!(
                "pin {text:?}: takes 2 to 40 letters, digits, '-', '_' or '.', and a '*' at the end"
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
    fn takes(&self, label: &str) -> bool {
        let beginning = label.get(..self.0.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(&self.0))
            && (self.0.len() + 1..=LONGEST).contains(&label.len())
            && plain(label)
    }

    /// Tells which of these labels the pattern takes, each once; none where they are too many.
    pub(super) fn taken<'a>(&self, labels: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut taken: Vec<String> = Vec::new();
        for label in labels.filter(|label| self.takes(label)) {
            if !taken.iter().any(|known| known.eq_ignore_ascii_case(label)) {
                taken.push(label.to_owned());
            }
        }
        if taken.len() > MOST { Vec::new() } else { taken }
    }
}

fn plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(labels: &[&str]) -> String {
        let pin = Pin::try_from("run-*".to_owned()).expect("a pattern");
        pin.taken(labels.iter().copied()).join(" ")
    }

    #[test]
    fn a_pattern_takes_what_begins_with_it_in_plain_letters_and_within_bounds() {
        assert_eq!(taken(&["run-5", "Run-6.b", "RUN-5", "run-", "runs", "linux"]), "run-5 Run-6.b");
        assert_eq!(taken(&["run-a b", "run-a,b", "run-$x", "run-ü", "run-\n", "rün-1"]), "");
        let long = format!("run-{}", "x".repeat(LONGEST));
        assert_eq!(taken(&[&long]), "");
        let many: Vec<String> = (0..=MOST).map(|n| format!("run-{n}")).collect();
        assert_eq!(taken(&many.iter().map(String::as_str).collect::<Vec<_>>()), "");
    }

    #[test]
    fn a_pattern_that_takes_everything_is_none() {
        for faulty in ["*", "r*", "run", "*run", "ru*n*", "run ,*", ""] {
            assert!(Pin::try_from(faulty.to_owned()).is_err(), "{faulty}");
        }
    }
}
