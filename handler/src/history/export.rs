//! The history of a day, page by page, as Operate and the command line return it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::blobs::Folder;
use super::costs::PoolOfProfile;
use super::record::Record;
use super::report::EndedJob;
use super::sample::SampleLine;

/// Maximum number of bytes of a blob in a page.
pub const MAX_PAGE_BYTES: u64 = 1 << 20;

/// A request for a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryRequest {
    /// The day on which the lines were written, in UTC.
    pub day: NaiveDate,
    /// Records or samples.
    pub folder: Folder,
    /// The number of bytes of the day that were read.
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
    /// The pools of the profiles, by which costs are computed.
    pub profiles: Vec<PoolOfProfile>,
    /// The number of lines that cannot be read.
    pub unreadable: usize,
    /// The `from` of the next page, if there is one.
    pub next: Option<u64>,
}

impl HistoryPage {
    /// Takes the whole lines of some bytes, which begin at `from`. The last bytes of a blob are whole lines.
    pub(crate) fn take(&mut self, folder: Folder, from: u64, bytes: &[u8], is_last: bool) {
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
        let lines = if is_last { bytes } else { &bytes[..whole] };
        match folder {
            Folder::Jobs => (self.jobs, self.unreadable) = Record::parse_lines(lines),
            Folder::Samples => (self.samples, self.unreadable) = SampleLine::parse_lines(lines),
        }
        self.next = (!lines.is_empty()).then(|| from + lines.len() as u64);
    }
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
    fn pages_have_whole_lines_and_lead_to_the_end() {
        let lines: Vec<String> = (0..9)
            .map(|n| super::super::record::tests::record(&format!("gh-{n}"), 900).line())
            .collect();
        let all = lines.concat();
        let (mut from, mut tasks) = (0, Vec::new());
        loop {
            let start = usize::try_from(from).expect("a small number");
            let bytes = &all.as_bytes()[start..all.len().min(start + 500)];
            let mut page = HistoryPage::default();
            page.take(Folder::Jobs, from, bytes, start + 500 >= all.len());
            assert_eq!(page.unreadable, 0);
            tasks.extend(page.jobs.into_iter().map(|record| record.task));
            let Some(next) = page.next else { break };
            from = next;
        }
        assert_eq!(tasks, (0..9).map(|n| format!("gh-{n}")).collect::<Vec<_>>());
    }

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
