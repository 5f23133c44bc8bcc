//! The output of a task as an operator reads it, and what its exit code means.

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::pauses::is_unprintable;

/// Maximum number of bytes that are read of each file: its end.
pub const MAX_BYTES: u64 = 64 << 10;
/// The files of a task.
pub const FILES: [&str; 2] = ["stdout.txt", "stderr.txt"];
/// The meaning of each exit code; `docs/troubleshooting.md` has the same table.
const EXIT_CODES: &str = include_str!("../../images/exit-codes.json");

/// The response of Operate to `logs`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LogsResponse {
    /// The task.
    pub task: String,
    /// What is known of the task, in a sentence.
    pub summary: String,
    /// Its output; empty if its node is gone.
    pub files: Vec<OutputFile>,
}

/// The end of a file of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OutputFile {
    /// `stdout.txt` or `stderr.txt`.
    pub name: String,
    /// Its text. Characters that control a terminal are replaced.
    pub text: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether the text is only its end.
    pub cut: bool,
}

#[derive(Deserialize)]
struct ExitCode {
    code: i32,
    cause: String,
    action: String,
}

static CODES: LazyLock<Vec<ExitCode>> =
    LazyLock::new(|| serde_json::from_str(EXIT_CODES).expect("a test reads the table"));

impl OutputFile {
    /// Creates the file from its last bytes.
    pub fn new(name: &str, bytes: &[u8], size: u64) -> Self {
        let cut = size > bytes.len() as u64;
        Self { name: name.to_owned(), text: harmless(bytes, cut), size, cut }
    }
}

/// Returns a text in which every character is shown as it is. A line that was cut at its start is left out.
fn harmless(bytes: &[u8], cut: bool) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let text = match text.split_once('\n') {
        Some((_, rest)) if cut => rest,
        _ => text.as_str(),
    };
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        '\r' => '\n',
        c if is_unprintable(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Returns how a task ended: its exit code with its meaning, or Batch's failure.
pub fn ended(task: &str, at: DateTime<Utc>, exit: Option<i32>, failure: Option<&str>) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let how = match (exit, failure) {
        (Some(code), _) => format!("with exit code {code}{}", meaning(code)),
        (None, Some(failure)) => format!("without an exit code ({failure})"),
        (None, None) => "without an exit code: its node was lost, or it was terminated".to_owned(),
    };
    format!("task {task} ended at {at} {how}")
}

/// Returns the meaning of an exit code, and what to do, as a suffix to its number.
fn meaning(code: i32) -> String {
    let own = CODES.iter().filter(|one| one.code == code);
    let explained = own.map(|ExitCode { cause, action, .. }| match action.as_str() {
        "nothing" => cause.clone(),
        action => format!("{cause}; {}", plain(action)),
    });
    // A container, the script that starts it, and the engine may use the same code.
    let explained: Vec<String> = explained.collect();
    match explained.is_empty() {
        true => ", which is none of Mayfly's: it is the program's own".to_owned(),
        false => format!(": {}", explained.join(". Or: ")),
    }
}

/// Returns a text of the table without its marks: links keep their words.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((words, after)) = link.split_once("](") else {
            rest = link;
            continue;
        };
        plain.push_str(words);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain.replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_task_controls_a_terminal() {
        let file = |bytes: &[u8], size| OutputFile::new("stdout.txt", bytes, size);
        let shown = file("\u{1b}[31mred\u{202e}\r\n\tx\ry\0é".as_bytes(), 4).text;
        assert_eq!(shown, "\u{fffd}[31mred\u{fffd}\n\tx\ny\u{fffd}é");
        assert_eq!(file(&[0xff, b'a'], 2).text, "\u{fffd}a");
        let end = file(b"rt of a line\nwhole\n", 100);
        assert_eq!((end.text.as_str(), end.cut), ("whole\n", true));
        assert_eq!(file(b"one long line", 100).text, "one long line");
    }

    #[test]
    fn an_exit_code_is_explained_in_a_sentence() {
        let at = DateTime::UNIX_EPOCH;
        let texts = [
            ended("gh-1", at, Some(0), None),
            ended("gh-1", at, Some(7), None),
            ended("gh-1", at, Some(72), None),
            ended("gh-1", at, Some(3), None),
            ended("gh-1", at, None, Some("ContainerInvalidImage")),
            ended("gh-1", at, None, None),
        ];
        insta::assert_snapshot!(texts.join("\n"), @r"
        task gh-1 ended at 1970-01-01T00:00:00Z with exit code 0: the runner served a job, or no job needed the runner
        task gh-1 ended at 1970-01-01T00:00:00Z with exit code 7: GitHub rejects this runner version at registration, at the session, or at a message; update the runner version immediately. Failed to create a session … Forbidden in stdout.txt of a new image: GitHub rejects the runner for another reason, such as an IP allow list
        task gh-1 ended at 1970-01-01T00:00:00Z with exit code 72: a program that the script requires is missing; fix the image: the message names the program. Or: a program that the script requires is missing; fix the node: the message names the program
        task gh-1 ended at 1970-01-01T00:00:00Z with exit code 3, which is none of Mayfly's: it is the program's own
        task gh-1 ended at 1970-01-01T00:00:00Z without an exit code (ContainerInvalidImage)
        task gh-1 ended at 1970-01-01T00:00:00Z without an exit code: its node was lost, or it was terminated
        ");
        for one in CODES.iter() {
            let text = ended("gh-1", at, Some(one.code), None);
            assert!(!text.contains("](") && !text.contains('`'), "{text}");
        }
    }
}
