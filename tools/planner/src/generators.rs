//! Generated traces: loads of CI with published parameters and seeds.
//!
//! No company's load is public as hourly numbers, so the parameters are assumptions with these grounds: jobs arrive by runs,
//! and some runs are a matrix; 15 % of runs are scheduled and the rest follow pushes and pull requests
//! ([Bouzenia and Pradel, ICSE 2024](https://doi.org/10.1145/3597503.3623303)); many builds take longer than ten minutes
//! ([Ghaleb et al., EMSE 2019](https://doi.org/10.1007/s10664-019-09695-9)); a matrix has
//! [at most 256 jobs](https://docs.github.com/actions/reference/limits), and schedules cluster at the full hour.

mod loads;

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::trace::{Job, Trace};
use loads::{Burst, Load, Office, RunShape};

/// The weeks of a generated trace.
pub const WEEKS: usize = 8;
/// The published seeds.
pub const SEEDS: [u64; 3] = [1, 2, 3];
/// Runs of an office week: about 4,000 jobs.
const OFFICE_RUNS: f64 = 1_800.0;
/// The first week in which the load of [`Generator::Drift`] is another one, counted from 0.
pub const DRIFT_WEEK: usize = 4;

/// A generated load.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// Office hours of one time zone.
    Office,
    /// Office hours of two time zones.
    TwoZones,
    /// A matrix each night at the full hour, and office hours.
    Nightly,
    /// Office hours, and once a week a release that starts 256 jobs at a time.
    Release,
    /// Runs at any time with the same probability.
    Flat,
    /// Office hours; then a holiday of a week, then another time zone and fewer jobs.
    Drift,
    /// Office hours of a small team.
    Small,
}

impl Generator {
    /// All generators, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Office,
        Self::TwoZones,
        Self::Nightly,
        Self::Release,
        Self::Flat,
        Self::Drift,
        Self::Small,
    ];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::TwoZones => "two-zones",
            Self::Nightly => "nightly",
            Self::Release => "release",
            Self::Flat => "flat",
            Self::Drift => "drift",
            Self::Small => "small",
        }
    }

    /// Finds a generator by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Returns whether the load has a weekly pattern that lasts for all weeks.
    pub fn is_periodic(self) -> bool {
        !matches!(self, Self::Flat | Self::Drift)
    }

    /// Returns the first week that is judged, counted from 0: of a load that changes, the first one after the change.
    pub fn judged_from(self) -> usize {
        if self == Self::Drift { DRIFT_WEEK } else { 0 }
    }

    /// Returns a maximum of nodes that the load seldom reaches.
    pub fn max_nodes(self) -> u32 {
        match self {
            Self::TwoZones | Self::Release => 400,
            Self::Nightly => 200,
            Self::Office | Self::Drift => 100,
            Self::Flat | Self::Small => 40,
        }
    }

    /// Generates eight weeks.
    pub fn trace(self, seed: u64) -> Trace {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(self as u64));
        let mut runs = Vec::new();
        self.loads().iter().for_each(|load| load.generate(&mut rng, &mut runs));
        let jobs = runs.into_iter().enumerate().flat_map(|(run, jobs)| {
            let run = u32::try_from(run).unwrap_or(u32::MAX);
            jobs.into_iter().map(move |job| Job { run, ..job })
        });
        Trace::new(self.name(), start(), WEEKS, jobs.collect())
    }

    fn loads(self) -> Vec<Load> {
        let office = |runs_a_week: f64, utc_offset: i64| Office {
            runs_a_week,
            utc_offset,
            weeks: 0..WEEKS,
            shape: RunShape::CI,
        };
        match self {
            Self::Office => vec![Load::Office(office(OFFICE_RUNS, 1))],
            Self::TwoZones => {
                vec![Load::Office(office(5_000.0, 1)), Load::Office(office(3_500.0, -8))]
            }
            Self::Nightly => {
                // Schedules start some minutes late.
                let nightly = Burst {
                    jobs: 80,
                    days: 0..7,
                    hour: 2,
                    spread: (0.2, 4.0),
                    shape: RunShape::NIGHTLY,
                };
                vec![Load::Office(office(OFFICE_RUNS, 1)), Load::Burst(nightly)]
            }
            Self::Release => {
                let release = Burst {
                    jobs: 256,
                    days: 3..4,
                    hour: 14,
                    spread: (5.0, 45.0),
                    shape: RunShape::CI,
                };
                vec![Load::Office(office(OFFICE_RUNS, 1)), Load::Burst(release)]
            }
            Self::Flat => vec![Load::Flat { runs_a_week: 400.0, shape: RunShape::CI }],
            Self::Drift => vec![
                Load::Office(Office { weeks: 0..DRIFT_WEEK, ..office(OFFICE_RUNS, 1) }),
                Load::Office(Office {
                    weeks: DRIFT_WEEK..DRIFT_WEEK + 1,
                    ..office(OFFICE_RUNS / 10.0, 1)
                }),
                Load::Office(Office {
                    weeks: DRIFT_WEEK + 1..WEEKS,
                    ..office(OFFICE_RUNS * 0.7, -8)
                }),
            ],
            Self::Small => vec![Load::Office(office(100.0, 1))],
        }
    }
}

/// The start of all generated traces: Monday, 5 January 2026.
fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_571_200, 0).expect("a time of the calendar")
}
