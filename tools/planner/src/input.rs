//! Input: ended jobs, as `mayfly history export` writes them or in any CSV with the same columns.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::trace::{Job, SECOND, Trace};

/// Seconds in which the task of a job that was cancelled before its start occupies a slot.
const CANCELLED_SECONDS: i64 = 10;
/// The shortest plausible task.
const MIN_SECONDS: i64 = 1;

/// An ended job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EndedJob {
    /// The profile of its runner, or its labels.
    #[serde(default)]
    pub profile: String,
    /// The repository.
    #[serde(default)]
    pub repository: String,
    /// The workflow run; 0 if it is not known.
    #[serde(default)]
    pub run: u64,
    /// When it was queued.
    pub queued: Option<DateTime<Utc>>,
    /// When it started; `None` if it never did.
    #[serde(default)]
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<DateTime<Utc>>,
    /// How it ended, such as `success` or `cancelled`.
    #[serde(default)]
    pub conclusion: Option<String>,
}

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A line is no job.
    #[error(
        "read line {line}: {reason}; a line is an ended job as `mayfly history export` writes it"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// There are jobs of several profiles, and none is selected.
    #[error("select a profile with --profile, since each has its own pool: {0}")]
    Profiles(String),
    /// There is no job.
    #[error("find a job{0}: the input has none with a time at which it was queued")]
    Empty(String),
}

/// Reads JSON lines.
///
/// # Errors
/// A line is no job.
pub fn json_lines(text: &str) -> Result<Vec<EndedJob>, InputError> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let job = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|err| InputError::Line { line: number + 1, reason: err.to_string() })
    };
    lines.map(job).collect()
}

/// Reads CSV with a head line: `queued` and `ended`, and if they are known `started`, `profile`, `repository`, `run` and
/// `conclusion`. Other columns are ignored.
///
/// # Errors
/// A line is no job.
pub fn csv(text: &str) -> Result<Vec<EndedJob>, InputError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let head = reader.headers().cloned().unwrap_or_default();
    let missing = ["queued", "ended"].into_iter().find(|name| !head.iter().any(|one| one == *name));
    if let Some(name) = missing {
        return Err(InputError::Line {
            line: 1,
            reason: format!("the column `{name}` is missing"),
        });
    }
    let job = |(number, row): (usize, Result<EndedJob, csv::Error>)| {
        row.map_err(|err| InputError::Line { line: number + 2, reason: err.to_string() })
    };
    reader.deserialize().enumerate().map(job).collect()
}

/// Makes a trace of the jobs of one profile. Jobs are ordered by the time at which they were queued; weeks begin on Mondays at 0:00
/// UTC. A week that begins after a Monday or ends before a Friday is left out.
///
/// # Errors
/// There are several profiles and none is selected, or no job has a time.
pub fn trace(name: &str, jobs: &[EndedJob], profile: Option<&str>) -> Result<Trace, InputError> {
    let mut profiles = BTreeMap::new();
    jobs.iter().for_each(|job| *profiles.entry(job.profile.as_str()).or_insert(0_u64) += 1);
    if profile.is_none() && profiles.len() > 1 {
        let names = profiles.iter().map(|(name, count)| format!("{name} ({count} jobs)"));
        return Err(InputError::Profiles(names.collect::<Vec<_>>().join(", ")));
    }
    let wanted = |job: &&EndedJob| profile.is_none_or(|profile| job.profile == profile);
    let mut runs = BTreeMap::new();
    let mut known = Vec::new();
    for job in jobs.iter().filter(wanted) {
        let next = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        // A job whose run is not known is a run of its own.
        let run = if job.run == 0 {
            (String::new(), u64::from(next))
        } else {
            (job.repository.clone(), job.run)
        };
        let run = *runs.entry(run).or_insert(next);
        known.extend(known_job(job, run));
    }
    let of = || profile.map(|profile| format!(" of the profile {profile}")).unwrap_or_default();
    let (Some(first), Some(last)) =
        (known.iter().map(|job| job.0).min(), known.iter().map(|job| job.0).max())
    else {
        return Err(InputError::Empty(of()));
    };
    let start = monday_from(first);
    let weeks = whole_weeks(start, last);
    let jobs =
        known.into_iter().map(|(at, job)| Job { at: (at - start).num_milliseconds(), ..job });
    Ok(Trace::new(name, start, weeks, jobs.collect()))
}

/// Returns a job of a trace; its time is set later.
fn known_job(job: &EndedJob, run: u32) -> Option<(DateTime<Utc>, Job)> {
    let at = job.queued.or(job.started)?;
    let unused = job.conclusion.as_deref() == Some("unused");
    let seconds = match (job.started, job.ended) {
        (Some(started), Some(ended)) => Some((ended - started).num_seconds().max(MIN_SECONDS)),
        _ => None,
    };
    let cancelled = seconds.is_none() || unused;
    let busy = seconds.unwrap_or(CANCELLED_SECONDS) * SECOND;
    Some((at, Job { run, at: 0, busy, cancelled }))
}

/// Returns the Monday, 0:00 UTC, from which weeks are whole: that of a job on a Monday, or else the next one.
fn monday_from(first: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = first.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let since_monday = i64::from(midnight.weekday().num_days_from_monday());
    midnight + TimeDelta::days((7 - since_monday) % 7)
}

/// Returns the number of whole weeks: the last one ends with a job on a Friday or later.
fn whole_weeks(start: DateTime<Utc>, last: DateTime<Utc>) -> usize {
    let days = (last - start).num_days();
    usize::try_from((days + 3).div_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "profile,run,queued,started,ended,conclusion,other\n\
        ubuntu,7,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,2026-11-01T10:06:00Z,success,x\n\
        ubuntu,7,2026-11-02T10:00:00Z,2026-11-02T10:05:00Z,2026-11-02T10:06:40Z,success,x\n\
        ubuntu,8,2026-11-03T10:00:00Z,,,cancelled,\n\
        ubuntu,0,2026-11-09T00:00:00Z,2026-11-09T00:00:01Z,2026-11-09T01:00:00Z,failure,\n";

    #[test]
    fn weeks_begin_on_mondays_and_cancelled_jobs_arrive() {
        let trace = trace("t", &csv(CSV).unwrap(), None).unwrap();
        assert_eq!(trace.start.to_rfc3339(), "2026-11-02T00:00:00+00:00");
        assert_eq!(trace.weeks, 1);
        let shown: Vec<_> =
            trace.jobs.iter().map(|job| (job.at / 1000, job.busy / 1000, job.cancelled)).collect();
        assert_eq!(shown, [(36_000, 100, false), (122_400, 10, true)]);
    }

    #[test]
    fn a_week_from_monday_to_friday_is_whole() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let [monday, friday] = [time("2026-11-02T08:00:00Z"), time("2026-11-06T15:00:00Z")];
        assert_eq!(monday_from(monday), time("2026-11-02T00:00:00Z"));
        assert_eq!(monday_from(friday), time("2026-11-09T00:00:00Z"));
        let weeks = |last| whole_weeks(monday_from(monday), last);
        assert_eq!([weeks(time("2026-11-05T23:59:00Z")), weeks(friday)], [0, 1]);
        assert_eq!(weeks(time("2026-11-13T08:00:00Z")), 2);
        assert_eq!(weeks(time("2026-11-12T08:00:00Z")), 1);
    }

    #[test]
    fn bad_input_is_named_by_its_line() {
        let fault = |result: Result<Vec<EndedJob>, InputError>| result.unwrap_err().to_string();
        assert!(fault(json_lines("{\"queued\":null}\n\nnothing")).starts_with("read line 3: "));
        assert!(fault(csv("queued,profile\n")).contains("line 1: the column `ended` is missing"));
        assert!(fault(csv("queued,ended\nyesterday,\n")).starts_with("read line 2: "));
        assert!(trace("t", &[], None).unwrap_err().to_string().contains("has none"));
        let two = [CSV, "windows,1,2026-11-03T10:00:00Z,,,,\n"].concat();
        let fault = trace("t", &csv(&two).unwrap(), None).unwrap_err().to_string();
        assert!(fault.contains("ubuntu (4 jobs), windows (1 jobs)"), "{fault}");
    }
}
