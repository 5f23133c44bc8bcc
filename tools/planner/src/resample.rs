//! Weeks that might have been: other runs at the same hours.
//!
//! One history is one sample of a load. A figure that changes much with the runs that happened to be in it is worth little; the range over
//! resampled weeks shows that.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::trace::{DAY, HOUR, Job, Trace, WEEK};

/// The hours of which runs are exchanged: a week, whether it is a weekend, and an hour of the day.
type Hours = (i64, bool, i64);

/// Replaces each run that begins in these weeks by a random one of the same week that began in the same hour of a day of the same kind, a
/// weekday or a day of the weekend. All jobs of a run stay together, so bursts stay what they are; the number of runs in
/// each hour does not change.
pub fn resampled(trace: &Trace, weeks: Range<usize>, seed: u64) -> Trace {
    let mut runs: BTreeMap<u32, Vec<Job>> = BTreeMap::new();
    trace.jobs.iter().for_each(|job| runs.entry(job.run).or_default().push(*job));
    let (mut jobs, mut by_hours) = (Vec::new(), BTreeMap::<Hours, Vec<Vec<Job>>>::new());
    for run in runs.into_values() {
        match weeks.contains(&usize::try_from(run[0].at / WEEK).unwrap_or(usize::MAX)) {
            true => by_hours.entry(hours(run[0].at)).or_default().push(run),
            false => jobs.extend(run),
        }
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut next_run = trace.jobs.iter().map(|job| job.run + 1).max().unwrap_or(0);
    for runs in by_hours.values() {
        for replaced in runs {
            jobs.extend(another(runs, replaced[0].at / DAY, next_run, &mut random));
            next_run += 1;
        }
    }
    Trace::new(&trace.name, trace.start, trace.weeks, jobs)
}

/// Returns the jobs of a random run as if it had begun on this day.
fn another(runs: &[Vec<Job>], day: i64, run: u32, random: &mut impl Rng) -> Vec<Job> {
    let Some(chosen) = runs.choose(random) else { return Vec::new() };
    let shift = (day - chosen[0].at / DAY) * DAY;
    chosen.iter().map(|job| Job { run, at: job.at + shift, ..*job }).collect()
}

fn hours(at: i64) -> Hours {
    let day_of_week = at % WEEK / DAY;
    (at / WEEK, day_of_week >= 5, at % DAY / HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generators::Generator;

    /// Returns the number of runs by the hours in which they begin.
    fn counts(trace: &Trace) -> BTreeMap<(i64, i64), usize> {
        let mut starts = BTreeMap::new();
        for job in &trace.jobs {
            starts.entry(job.run).or_insert(job.at);
        }
        let mut counts = BTreeMap::new();
        starts.values().for_each(|at| *counts.entry((at / DAY, at % DAY / HOUR)).or_insert(0) += 1);
        counts
    }

    #[test]
    fn a_week_keeps_its_runs_by_hour_and_has_others() {
        let trace = Generator::Nightly.trace(1);
        let other = resampled(&trace, 4..6, 1);
        assert_eq!(other, resampled(&trace, 4..6, 1), "a seed gives the same weeks");
        assert_ne!(other.week(4), resampled(&trace, 4..6, 2).week(4));
        assert_eq!(counts(&other), counts(&trace));
        let of = |trace: &Trace, week| -> Vec<_> {
            trace.week(week).iter().map(|job| (job.at, job.busy)).collect()
        };
        assert_eq!(of(&other, 2), of(&trace, 2), "a week before is unchanged");
        assert_ne!(of(&other, 4), of(&trace, 4));
    }
}
