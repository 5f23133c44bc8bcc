//! Demand: how many jobs would run at a time if each started when it was queued.

use crate::trace::{Job, MINUTE, Trace};

/// Minutes of an hour, a day and a week.
pub(crate) const MINUTES_OF_HOUR: usize = 60;
/// Hours of a week.
pub const HOURS_OF_WEEK: usize = 168;
/// Minutes of a week.
pub(crate) const MINUTES_OF_WEEK: usize = HOURS_OF_WEEK * MINUTES_OF_HOUR;

/// The number of jobs at a time over a trace.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The highest number in each minute.
    minutes: Vec<u32>,
    arrivals: Vec<Arrival>,
}

/// A job's arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Milliseconds from the start of the trace.
    pub(crate) at: i64,
    /// Its run.
    pub(crate) run: u32,
    /// The number of jobs at a time, this one and those that arrived before included.
    pub(crate) demand: u32,
}

impl Demand {
    /// Computes the demand of a trace.
    pub fn of(trace: &Trace) -> Self {
        let minutes = peaks(&trace.jobs, trace.weeks * MINUTES_OF_WEEK);
        Self { minutes, arrivals: arrivals(&trace.jobs) }
    }

    /// Returns the arrivals of a span of milliseconds.
    pub(crate) fn arrivals(&self, span: std::ops::Range<i64>) -> &[Arrival] {
        let index = |at| self.arrivals.partition_point(|arrival| arrival.at < at);
        &self.arrivals[index(span.start)..index(span.end)]
    }

    /// Returns the highest number of jobs at a time between two times in milliseconds.
    pub(crate) fn peak(&self, from: i64, to: i64) -> u32 {
        let index = |at: i64| usize::try_from(at.div_euclid(MINUTE)).unwrap_or(0);
        let (from, to) = (index(from), index(to).min(self.minutes.len()));
        self.minutes.get(from..to).and_then(|minutes| minutes.iter().max()).copied().unwrap_or(0)
    }

    /// Returns the minutes of an hour of a week.
    pub fn hour(&self, week: usize, hour: usize) -> &[u32] {
        let from = week * MINUTES_OF_WEEK + hour * MINUTES_OF_HOUR;
        self.minutes.get(from..from + MINUTES_OF_HOUR).unwrap_or_default()
    }

    /// Returns the minutes of a week.
    pub fn week(&self, week: usize) -> &[u32] {
        let from = week * MINUTES_OF_WEEK;
        self.minutes.get(from..from + MINUTES_OF_WEEK).unwrap_or_default()
    }

    /// Returns the mean of each hour of a week.
    pub fn hourly(&self, week: usize) -> Vec<f64> {
        let mean = |minutes: &[u32]| {
            minutes.iter().map(|jobs| f64::from(*jobs)).sum::<f64>() / minutes.len() as f64
        };
        self.week(week).chunks(MINUTES_OF_HOUR).map(mean).collect()
    }
}

/// Returns the number of jobs at a time at each arrival.
fn arrivals(jobs: &[Job]) -> Vec<Arrival> {
    let mut ends = std::collections::BinaryHeap::new();
    let arrival = |job: &Job| {
        while ends.peek().is_some_and(|std::cmp::Reverse(end)| *end <= job.at) {
            ends.pop();
        }
        ends.push(std::cmp::Reverse(job.at + job.busy));
        Arrival { at: job.at, run: job.run, demand: ends.len() as u32 }
    };
    jobs.iter().map(arrival).collect()
}

/// Returns the highest number of jobs at a time in each minute.
fn peaks(jobs: &[Job], minutes: usize) -> Vec<u32> {
    let mut changes: Vec<(i64, i32)> =
        jobs.iter().flat_map(|job| [(job.at, 1), (job.at + job.busy, -1)]).collect();
    // A job that ends makes room for one that starts at the same time.
    changes.sort_unstable();
    let mut changes = changes.into_iter().peekable();
    let mut running = 0_i32;
    let mut peaks = Vec::with_capacity(minutes);
    for minute in 0..minutes as i64 {
        let mut peak = running;
        while let Some((_, change)) = changes.next_if(|(at, _)| *at < (minute + 1) * MINUTE) {
            running += change;
            peak = peak.max(running);
        }
        peaks.push(u32::try_from(peak).unwrap_or(0));
    }
    peaks
}

/// Returns the smallest number that at least this percentage of the numbers do not exceed; 0 of none.
pub(crate) fn percentile(numbers: &mut [u32], percent: f64) -> u32 {
    if numbers.is_empty() {
        return 0;
    }
    let rank = (numbers.len() as f64 * percent / 100.0).ceil() as usize;
    let index = rank.clamp(1, numbers.len()) - 1;
    *numbers.select_nth_unstable(index).1
}
