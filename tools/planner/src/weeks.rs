//! Simulated weeks: each candidate on each week, with numbers from the weeks before.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::candidate::Candidate;
use crate::demand::Demand;
use crate::formula::Settings;
use crate::pool::{EVALUATION_INTERVAL, Pool, Scaler, Span, Timeline, Waits, simulate};
use crate::timings::Timings;
use crate::trace::{DAY, HOUR, Trace, WEEK};

/// Time before a week from which its pool is simulated, so that it does not begin without nodes.
const WARM_UP: i64 = DAY;
/// Time after a week in which its last jobs start, while others arrive.
const DRAIN: i64 = 6 * HOUR;

/// What a pool is planned for.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Maximum number of nodes with the first number of slots.
    pub max_nodes: u32,
    /// Durations of the pool's steps.
    pub timings: Timings,
    /// The seed of random durations: the same for all candidates.
    pub seed: u64,
}

/// The figures of one or more weeks.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Hours in which nodes existed, of nodes with one slot: a node with two slots costs as much as two.
    pub node_hours: f64,
    /// Waits of all jobs.
    pub waits: Waits,
}

impl Figures {
    /// Adds up weeks.
    pub fn sum<'a>(weeks: impl IntoIterator<Item = &'a Self> + Clone) -> Self {
        Self {
            node_hours: weeks.clone().into_iter().map(|week| week.node_hours).sum(),
            waits: Waits::sum(weeks.into_iter().map(|week| &week.waits)),
        }
    }

    /// Returns the 95th percentile of the waits in seconds.
    pub fn p95(&self) -> u32 {
        self.waits.percentile(95.0)
    }
}

/// The figures of all candidates and weeks.
#[derive(Clone, Debug)]
pub struct Weeks {
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// By candidate and week; `None` if a week has too little history before it.
    pub figures: Vec<Vec<Option<Figures>>>,
}

impl Weeks {
    /// Simulates each candidate on each week. `progress` is called after each of them.
    pub fn simulate(
        trace: &Trace,
        demand: &Demand,
        conditions: &Conditions,
        candidates: Vec<Candidate>,
        progress: &(dyn Fn() + Sync),
    ) -> Self {
        let cells: Vec<_> = candidates
            .iter()
            .flat_map(|candidate| (0..trace.weeks).map(move |week| (*candidate, week)))
            .collect();
        let figures: Vec<Option<Figures>> = cells
            .into_par_iter()
            .map(|(candidate, week)| {
                let figures = figures(trace, demand, conditions, candidate, week);
                progress();
                figures
            })
            .collect();
        let figures = figures.chunks(trace.weeks.max(1)).map(<[_]>::to_vec).collect();
        Self { candidates, figures }
    }

    /// Adds up the figures of a candidate over some weeks; `None` if one of them is missing.
    pub fn sum(&self, candidate: usize, weeks: std::ops::Range<usize>) -> Option<Figures> {
        let figures: Option<Vec<&Figures>> =
            self.figures[candidate].get(weeks)?.iter().map(Option::as_ref).collect();
        Some(Figures::sum(figures?))
    }
}

fn figures(
    trace: &Trace,
    demand: &Demand,
    conditions: &Conditions,
    candidate: Candidate,
    week: usize,
) -> Option<Figures> {
    let max_nodes = conditions.max_nodes.div_ceil(candidate.slots);
    let settings = candidate.settings(demand, week, max_nodes)?;
    let timeline = week_of(trace, conditions, candidate.slots, &settings, week);
    Some(figures_of(&timeline, candidate.slots))
}

/// Simulates a week with a formula.
pub fn week_of(
    trace: &Trace,
    conditions: &Conditions,
    slots: u32,
    settings: &Settings,
    week: usize,
) -> Timeline {
    scaled(trace, conditions, slots, Scaler::Template(settings), week)
}

/// Simulates a week with any scaler.
pub fn scaled(
    trace: &Trace,
    conditions: &Conditions,
    slots: u32,
    scaler: Scaler<'_>,
    week: usize,
) -> Timeline {
    let measure = week as i64 * WEEK;
    let seed = conditions.seed.wrapping_mul(1_000).wrapping_add(week as u64);
    // Evaluations are at no particular minute of the hour: a pool was created at any time.
    let phase = StdRng::seed_from_u64(seed).random_range(0..EVALUATION_INTERVAL);
    let span = Span { from: (measure - WARM_UP).max(0) + phase, measure, to: measure + WEEK };
    let pool = Pool { start: trace.start, slots, timings: conditions.timings, seed };
    simulate(pool, trace.between(span.from, span.to + DRAIN), scaler, span)
}

/// Returns the figures of a simulated week.
pub fn figures_of(timeline: &Timeline, slots: u32) -> Figures {
    Figures { node_hours: timeline.node_hours() * f64::from(slots), waits: timeline.waits() }
}
