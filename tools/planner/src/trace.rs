//! Jobs over weeks: what a pool is simulated with.

use chrono::{DateTime, Utc};

/// Milliseconds of a second, a minute, an hour, a day and a week.
pub const SECOND: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;
/// Milliseconds of a week.
pub const WEEK: i64 = 7 * DAY;

/// A job of a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Job {
    /// The workflow run: all of its jobs are drawn together when weeks are resampled.
    pub run: u32,
    /// Milliseconds from the start of the trace until its task is added.
    pub at: i64,
    /// Milliseconds for which its task occupies a slot.
    pub busy: i64,
    /// Whether it was cancelled before it started. Its task counts as demand, and its wait is no figure.
    pub cancelled: bool,
}

/// Jobs in the order in which their tasks are added.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// A name for headings.
    pub name: String,
    /// A Monday, 0:00 UTC.
    pub start: DateTime<Utc>,
    /// Whole weeks, from 1.
    pub weeks: usize,
    /// Jobs by time of arrival.
    pub jobs: Vec<Job>,
}

impl Trace {
    /// Creates a trace; sorts the jobs and leaves out those after the last whole week.
    pub fn new(name: &str, start: DateTime<Utc>, weeks: usize, mut jobs: Vec<Job>) -> Self {
        let end = weeks as i64 * WEEK;
        jobs.retain(|job| (0..end).contains(&job.at));
        jobs.sort_by_key(|job| (job.at, job.run));
        Self { name: name.to_owned(), start, weeks, jobs }
    }

    /// Returns the jobs that arrive from `from`, inclusive, to `to`, exclusive, in milliseconds.
    pub fn between(&self, from: i64, to: i64) -> &[Job] {
        let index = |at| self.jobs.partition_point(|job| job.at < at);
        &self.jobs[index(from)..index(to)]
    }

    /// Returns the jobs of a week, counted from 0.
    pub fn week(&self, week: usize) -> &[Job] {
        self.between(week as i64 * WEEK, (week as i64 + 1) * WEEK)
    }
}
