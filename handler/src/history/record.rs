//! The record of an ended task: one line of JSON with short member names, of at most 400 bytes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::repository::Repository;

/// Maximum length of a line, with its end.
pub const MAX_RECORD_BYTES: usize = 400;
/// The conclusion in the record of a runner that ran no job.
pub(super) const UNUSED: &str = "unused";

/// An ended task, and the job that it served. All times are seconds since 1970.
///
/// Unknown members are ignored and missing ones are `None`, so that another version can read the lines.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// The task.
    #[serde(rename = "t")]
    pub task: String,
    /// The job that it served, or else the one that it was made for.
    #[serde(rename = "j")]
    pub job: u64,
    /// The workflow run of the job; 0 if it is not known.
    #[serde(rename = "r", default)]
    pub run: u64,
    /// The repository of the job.
    #[serde(rename = "o")]
    pub repository: Repository,
    /// The name of the workflow.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The profile.
    #[serde(rename = "p")]
    pub profile: String,
    /// When the job was created.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<i64>,
    /// When the last run of the task began; `None` if it never ran.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub began: Option<i64>,
    /// When the job started.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
    /// When the job ended.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<i64>,
    /// When the task ended.
    #[serde(rename = "e")]
    pub ended: i64,
    /// The node.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The task slots that it occupied.
    #[serde(rename = "l", default = "one")]
    pub slots: u32,
    /// The exit code.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The conclusion of the job, or `unused` if its runner got none.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
}

fn one() -> u32 {
    1
}

impl Record {
    /// Returns the line of the record. A name that is too long is shortened: first that of the workflow, then the node.
    pub fn line(mut self) -> String {
        loop {
            let line = serde_json::to_string(&self).expect("plain fields always serialize") + "\n";
            let excess = line.len().saturating_sub(MAX_RECORD_BYTES);
            if excess == 0 {
                return line;
            }
            match self.workflow.take() {
                // A character has at most six bytes of JSON.
                Some(name) => {
                    let kept = name.chars().count().saturating_sub(excess.div_ceil(6));
                    let name: String = name.chars().take(kept).collect();
                    self.workflow = Some(name).filter(|name| !name.is_empty());
                }
                None if self.node.is_some() => self.node = None,
                None => return line,
            }
        }
    }

    /// Reads lines; returns their records, and how many lines cannot be read.
    pub fn parse_lines(bytes: &[u8]) -> (Vec<Self>, usize) {
        super::sample::lines(bytes)
    }

    /// Returns what distinguishes the run of the task from all others.
    pub fn key(&self) -> (&str, Option<i64>) {
        (&self.task, self.began)
    }

    /// Returns whether a job ran, or may have run.
    pub fn is_job(&self) -> bool {
        self.conclusion.as_deref() != Some(UNUSED)
    }

    /// Returns the seconds in which the task occupied its slots.
    pub fn occupied_seconds(&self) -> u64 {
        self.began.map_or(0, |began| seconds(began, self.ended))
    }

    /// Returns when the job started, or else its task.
    pub fn start(&self) -> Option<i64> {
        self.started.or(self.began)
    }

    /// Returns the seconds from the creation of the job to its start.
    pub fn wait_seconds(&self) -> Option<u64> {
        self.is_job().then_some(())?;
        Some(seconds(self.queued?, self.start()?))
    }

    /// Returns the seconds in which the job ran.
    pub fn run_seconds(&self) -> Option<u64> {
        self.is_job().then_some(())?;
        Some(seconds(self.start()?, self.completed.unwrap_or(self.ended)))
    }
}

/// Returns the seconds between two times; 0 if they are in the wrong order, since they are of different clocks.
fn seconds(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// Converts the seconds of a record. Times beyond the calendar become 1970.
pub(super) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn record(task: &str, ended: i64) -> Record {
        Record {
            task: task.to_owned(),
            job: 1,
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            workflow: Some("CI".to_owned()),
            profile: "ubuntu".to_owned(),
            queued: Some(ended - 700),
            began: Some(ended - 620),
            started: Some(ended - 600),
            completed: Some(ended - 10),
            ended,
            node: Some("tvmps_1".to_owned()),
            slots: 1,
            exit: Some(0),
            conclusion: Some("success".to_owned()),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let first = record("gh-1", 1_795_000_000);
        let none =
            Record { workflow: None, began: None, started: None, exit: None, ..first.clone() };
        let text = [first.clone().line(), none.clone().line()].concat();
        assert_eq!(Record::parse_lines(text.as_bytes()), (vec![first, none], 0));
    }

    #[test]
    fn unreadable_lines_are_counted_and_others_read() {
        let good = record("gh-1", 1_795_000_000);
        let text =
            format!("{{\"t\":\n{}\u{0}\n[]\n{{\"t\":\"gh-9\",\"new\":1}}\n", good.clone().line());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"\xff\xfe\n{\"t\":\"gh-2\",\"cut");
        assert_eq!(Record::parse_lines(&bytes), (vec![good], 6));
    }

    /// The longest names that GitHub and Batch allow, characters that JSON must escape, and ids of 16 digits.
    #[test]
    fn no_line_is_longer_than_400_bytes() {
        let repository = format!("{}/{}", "o".repeat(39), "a".repeat(100));
        for name in ["w", "ä", "\u{1}", "\"", "🚀"] {
            let longest = Record {
                task: "abcdefghijkl-1234567890123456-999".to_owned(),
                job: 1_234_567_890_123_456,
                run: 1_234_567_890_123_456,
                repository: Repository::try_from(&*repository).expect("a name"),
                workflow: Some(name.repeat(1000)),
                profile: "p".repeat(40),
                node: Some("n".repeat(80)),
                exit: Some(-1_073_741_510),
                conclusion: Some("action_required".to_owned()),
                ..record("gh-1", 1_795_000_000)
            };
            let line = longest.line();
            assert!(line.len() <= MAX_RECORD_BYTES, "{} bytes: {line}", line.len());
            assert_eq!(Record::parse_lines(line.as_bytes()).1, 0);
        }
    }

    #[test]
    fn clocks_that_differ_give_no_negative_times() {
        let odd =
            Record { started: Some(5), queued: Some(9), completed: Some(2), ..record("a-1", 700) };
        assert_eq!((odd.wait_seconds(), odd.run_seconds()), (Some(0), Some(0)));
    }
}
