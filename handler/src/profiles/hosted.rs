//! Labels that say more than their text: those of GitHub's own runners, and lists that were written as one label.

/// The labels of GitHub's standard and larger runners that have fixed names. A larger runner of an organization may
/// have any name, so a label that is missing here may be hosted nevertheless.
///
/// <https://docs.github.com/en/actions/reference/runners/github-hosted-runners>
const HOSTED: [&str; 27] = [
    "ubuntu-latest",
    "ubuntu-slim",
    "ubuntu-26.04",
    "ubuntu-24.04",
    "ubuntu-22.04",
    "ubuntu-26.04-arm",
    "ubuntu-24.04-arm",
    "ubuntu-22.04-arm",
    "windows-latest",
    "windows-2025",
    "windows-2025-vs2026",
    "windows-2022",
    "windows-11-arm",
    "macos-latest",
    "macos-26",
    "macos-15",
    "macos-14",
    "macos-26-intel",
    "macos-15-intel",
    "macos-latest-large",
    "macos-26-large",
    "macos-15-large",
    "macos-14-large",
    "macos-latest-xlarge",
    "macos-26-xlarge",
    "macos-15-xlarge",
    "macos-14-xlarge",
];

/// Returns whether GitHub has runners for a job with these labels. Each of its runners has one label.
pub(super) fn is_hosted(labels: &[impl AsRef<str>]) -> bool {
    let is = |label: &str| HOSTED.iter().any(|hosted| hosted.eq_ignore_ascii_case(label));
    matches!(labels, [only] if is(only.as_ref()))
}

/// Returns whether a label is a list with `self-hosted` that was written as one text, such as `self-hosted, linux`. No
/// runner can have it: a comma separates labels, and a label has no white space.
pub(crate) fn is_list(label: &str) -> bool {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '"' | '\'');
    let self_hosted = super::SELF_HOSTED.as_bytes();
    let mut parts = label.as_bytes().windows(self_hosted.len());
    label.len() > self_hosted.len()
        && parts.any(|part| part.eq_ignore_ascii_case(self_hosted))
        && label.contains(separates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_documented_label_alone_is_hosted() {
        for hosted in [&["ubuntu-latest"][..], &["macOS-15-xlarge"], &["windows-11-arm"]] {
            assert!(is_hosted(hosted), "{hosted:?}");
        }
        for other in [
            &["linux", "x64"][..],
            &["ubuntu-latest", "gpu"],
            &["ubuntu-latest", "ubuntu-24.04"],
            &["ubuntu-18.04"],
            &["ubuntu-latest-16-cores"],
            &["self-hosted, linux"],
            &["dependabot"],
            &[],
        ] {
            assert!(!is_hosted(other), "{other:?}");
        }
    }

    #[test]
    fn a_list_in_one_label_is_recognized() {
        let lists = [
            "self-hosted, linux",
            "self-hosted,linux",
            "Self-Hosted linux",
            r#"["self-hosted","linux"]"#,
            "[self-hosted]",
            " self-hosted",
        ];
        for list in lists {
            assert!(is_list(list), "{list}");
        }
        for label in ["self-hosted", "self-hosted-gpu", "linux, x64", "gpu"] {
            assert!(!is_list(label), "{label}");
        }
    }
}
