//! The history of a day, page by page, as Operate and the command line return it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::blobs::Folder;
use super::record::Record;
use super::report::EndedJob;
use super::sample::SampleLine;

/// Maximum number of bytes of a blob in a page.
pub const MAX_PAGE_BYTES: u64 = 1 << 20;

/// A request for a page.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRequest {
    /// The day on which the lines were written, in UTC.
    pub day: NaiveDate,
    /// Records or samples.
    pub folder: Folder,
    /// The number of bytes of the day that were read.
    #[serde(default)]
    pub from: u64,
}

/// A page of a day.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HistoryPage {
    /// `history`.
    pub operation: String,
    /// Records.
    pub jobs: Vec<Record>,
    /// Samples, and the pools that they are about.
    pub samples: Vec<SampleLine>,
    /// The number of lines that cannot be read.
    pub unreadable: usize,
    /// The `from` of the next page, if there is one.
    pub next: Option<u64>,
}

/// Returns ended jobs as CSV with a head line.
///
/// Cells are quoted if necessary. A text that a spreadsheet would evaluate gets a leading apostrophe: names of workflows are
/// chosen by everyone who may open a pull request.
pub fn csv(jobs: &[EndedJob]) -> String {
    const HEAD: &str = "task,job,run,repository,workflow,profile,queued,started,ended,wait_seconds,run_seconds,node,slots,exit,conclusion,cost\r\n";
    jobs.iter().fold(HEAD.to_owned(), |text, job| text + &row(job) + "\r\n")
}

fn row(job: &EndedJob) -> String {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let time =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let text = |text: &str| Some(cell(text));
    let cells = [
        text(&job.task),
        Some(job.job.to_string()),
        Some(job.run.to_string()),
        text(&job.repository.to_string()),
        job.workflow.as_deref().map(cell),
        text(&job.profile),
        job.queued.map(time),
        job.started.map(time),
        Some(time(job.ended)),
        number(job.wait_seconds),
        number(job.run_seconds),
        job.node.as_deref().map(cell),
        Some(job.slots.to_string()),
        job.exit.map(|code| code.to_string()),
        job.conclusion.as_deref().map(cell),
        job.cost.map(|cost| cost.to_string()),
    ];
    cells.map(Option::unwrap_or_default).join(",")
}

/// Returns a text as a cell.
fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
        || text.starts_with(['\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n', ';', '\t', '\'']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_are_quoted_and_no_formulas() {
        for (text, expected) in [
            ("CI", "CI"),
            ("build, test", "\"build, test\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            (" -1", "\"' -1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
