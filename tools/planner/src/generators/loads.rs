//! The parts of a load: office hours, bursts, and a constant rate.

use std::ops::Range;

use rand::Rng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, LogNormal, Poisson};

use crate::generators::WEEKS;
use crate::trace::{DAY, HOUR, Job, MINUTE, SECOND, WEEK};

/// Seconds in which the task of a cancelled job occupies its slot: its runner starts, and finds that no job needs it.
const CANCELLED_SECONDS: f64 = 10.0;
/// Minutes that the longest job takes.
const MAX_JOB_MINUTES: f64 = 60.0;
/// Weights of the hours of a working day, from 7 to 19 o'clock: two humps, and fewer at noon.
const WORKING_HOURS: [f64; 12] = [2.0, 5.0, 9.0, 11.0, 10.0, 6.0, 7.0, 10.0, 11.0, 9.0, 5.0, 2.0];
const FIRST_WORKING_HOUR: i64 = 7;
/// Weights of the weekdays: few jobs on weekends.
const WEEKDAYS: [f64; 7] = [1.0, 1.1, 1.1, 1.05, 0.85, 0.06, 0.06];

/// The jobs of a run; their `run` is set later.
pub(super) type Run = Vec<Job>;

/// The shape of runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunShape {
    /// Numbers of jobs, from and to, with the share of runs.
    sizes: &'static [(u32, u32, f64)],
    /// Median minutes of a job, and the standard deviation of their logarithm.
    minutes: (f64, f64),
    /// The share of runs that are cancelled before they start.
    cancelled: f64,
}

impl RunShape {
    /// Pushes and pull requests: most have few jobs, and some are a matrix; 4.1 jobs on average.
    pub(super) const CI: Self = Self {
        sizes: &[(1, 1, 0.50), (2, 4, 0.40), (5, 8, 0.10)],
        minutes: (6.0, 0.7),
        cancelled: 0.04,
    };
    /// A nightly test of all combinations.
    pub(super) const NIGHTLY: Self = Self { sizes: &[], minutes: (12.0, 0.3), cancelled: 0.0 };

    fn jobs(&self, rng: &mut StdRng) -> u32 {
        let mut share: f64 = rng.random();
        for (from, to, of) in self.sizes {
            share -= of;
            if share < 0.0 {
                return rng.random_range(*from..=*to);
            }
        }
        1
    }

    /// Creates a run; its jobs are queued within two seconds.
    fn run(&self, at: i64, jobs: u32, rng: &mut StdRng) -> Run {
        let cancelled = rng.random_bool(self.cancelled);
        let (median, deviation) = self.minutes;
        let minutes = LogNormal::new(median.ln(), deviation).expect("a finite deviation");
        (0..jobs)
            .map(|_| {
                let seconds = match cancelled {
                    true => CANCELLED_SECONDS,
                    false => 60.0 * minutes.sample(rng).min(MAX_JOB_MINUTES),
                };
                let at = at + rng.random_range(0..=2) * SECOND;
                Job { run: 0, at, busy: seconds as i64 * SECOND, cancelled }
            })
            .collect()
    }
}

/// A part of a load.
#[derive(Clone, Debug)]
pub(super) enum Load {
    /// Runs in office hours.
    Office(Office),
    /// Many jobs at a time on some days.
    Burst(Burst),
    /// Runs with the same probability at all times.
    Flat { runs_a_week: f64, shape: RunShape },
}

/// Runs in the office hours of a time zone.
#[derive(Clone, Debug)]
pub(super) struct Office {
    pub(super) runs_a_week: f64,
    /// Hours that the time zone is ahead of UTC.
    pub(super) utc_offset: i64,
    pub(super) weeks: Range<usize>,
    pub(super) shape: RunShape,
}

/// Many jobs at a time on some days, in UTC.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    pub(super) jobs: u32,
    /// Days of the week, from Monday as 0.
    pub(super) days: Range<i64>,
    pub(super) hour: i64,
    /// Minutes after the full hour, from and to.
    pub(super) spread: (f64, f64),
    pub(super) shape: RunShape,
}

impl Load {
    /// Adds the runs of all weeks.
    pub(super) fn generate(&self, rng: &mut StdRng, runs: &mut Vec<Run>) {
        match self {
            Self::Office(office) => office.generate(rng, runs),
            Self::Burst(burst) => burst.generate(rng, runs),
            Self::Flat { runs_a_week, shape } => {
                for hour in 0..WEEKS as i64 * WEEK / HOUR {
                    add_runs(runs_a_week / 168.0, hour * HOUR, shape, rng, runs);
                }
            }
        }
    }
}

impl Office {
    /// Each week and each day has more or fewer runs than the average.
    fn generate(&self, rng: &mut StdRng, runs: &mut Vec<Run>) {
        let varies = |deviation: f64| LogNormal::new(0.0, deviation).expect("a finite deviation");
        let all: f64 = WORKING_HOURS.iter().sum::<f64>() * WEEKDAYS.iter().sum::<f64>();
        for week in self.weeks.clone() {
            let of_week = varies(0.12).sample(rng);
            for (day, weekday) in WEEKDAYS.iter().enumerate() {
                let of_day = of_week * varies(0.18).sample(rng) * weekday * self.runs_a_week / all;
                for (hour, weight) in WORKING_HOURS.iter().enumerate() {
                    let hour = FIRST_WORKING_HOUR + hour as i64 - self.utc_offset;
                    let at = week as i64 * WEEK + day as i64 * DAY + hour * HOUR;
                    add_runs(of_day * weight, at, &self.shape, rng, runs);
                }
            }
        }
    }
}

impl Burst {
    fn generate(&self, rng: &mut StdRng, runs: &mut Vec<Run>) {
        for week in 0..WEEKS as i64 {
            for day in self.days.clone() {
                let minutes = rng.random_range(self.spread.0..self.spread.1);
                let at =
                    week * WEEK + day * DAY + self.hour * HOUR + (minutes * MINUTE as f64) as i64;
                runs.push(self.shape.run(at, self.jobs, rng));
            }
        }
    }
}

/// Adds the runs of one hour: a Poisson number, at random times.
fn add_runs(mean: f64, at: i64, shape: &RunShape, rng: &mut StdRng, runs: &mut Vec<Run>) {
    let Ok(number) = Poisson::new(mean) else { return };
    for _ in 0..number.sample(rng) as u64 {
        let at = at + rng.random_range(0..HOUR) / SECOND * SECOND;
        let jobs = shape.jobs(rng);
        runs.push(shape.run(at, jobs, rng));
    }
}
