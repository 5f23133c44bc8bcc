//! What a plan is compared with.

use crate::candidate::{Candidate, Kind};
use crate::demand::Demand;
use crate::pool::{Scaler, Waits};
use crate::table::{Rule, TableFit};
use crate::trace::{MINUTE, Trace, WEEK};
use crate::weeks::{Conditions, Figures, figures_of, scaled};

/// A baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// A formula.
    Formula(Candidate),
    /// A scaler without interval and lag, with the same start of nodes, which keeps unused nodes for these minutes.
    Ideal(i64),
    /// The least node hours with which no job waits, by someone who knows all arrivals before.
    Clairvoyant,
}

impl Baseline {
    /// Returns the baselines with their names, the reference first.
    pub fn all(slots: u32) -> Vec<(&'static str, Self)> {
        let formula = |calm_minutes, kind| Self::Formula(Candidate { slots, calm_minutes, kind });
        let last_week =
            TableFit { rule: Rule::Percentile(95.0), pooled: false, weeks: 1, trust: 1000 };
        vec![
            ("reference (calmMinutes 15, no warm nodes)", formula(15, Kind::Minimum(0))),
            ("template's default (calmMinutes 5, no warm nodes)", formula(5, Kind::Minimum(0))),
            ("fixed minimum (mean demand of the week before)", formula(15, Kind::MeanDemand)),
            ("weekday window (75 % of its minutes)", formula(15, Kind::Window(75.0))),
            ("same hour last week (95 % of its minutes)", formula(15, Kind::Table(last_week))),
            ("ideal reactive scaler (15 minutes)", Self::Ideal(15)),
            ("clairvoyant bound", Self::Clairvoyant),
        ]
    }

    /// Returns the figures of a week; `None` if it has too little history before it.
    pub fn figures(
        self,
        trace: &Trace,
        demand: &Demand,
        conditions: &Conditions,
        week: usize,
    ) -> Option<Figures> {
        match self {
            Self::Formula(candidate) => {
                let max_nodes = conditions.max_nodes.div_ceil(candidate.slots);
                let settings = candidate.settings(demand, week, max_nodes)?;
                let scaler = Scaler::Template(&settings);
                let timeline = scaled(trace, conditions, candidate.slots, scaler, week);
                Some(figures_of(&timeline, candidate.slots))
            }
            Self::Ideal(minutes) => {
                let scaler =
                    Scaler::Ideal { calm: minutes * MINUTE, max_nodes: conditions.max_nodes };
                Some(figures_of(&scaled(trace, conditions, 1, scaler, week), 1))
            }
            Self::Clairvoyant => Some(clairvoyant(trace, conditions, week)),
        }
    }
}

/// Returns the least node hours with which no job waits.
///
/// A node between two jobs either stays or is replaced, whichever is shorter. The next job goes to the node that became free last:
/// as the cost of a pause is limited, a few long pauses cost less than many short ones.
fn clairvoyant(trace: &Trace, conditions: &Conditions, week: usize) -> Figures {
    let timings = &conditions.timings;
    let replacement = timings.boot.mean() + timings.departure.mean();
    let (from, to) = (week as i64 * WEEK, (week as i64 + 1) * WEEK);
    let jobs = trace.between(from, to);
    let mut busy: std::collections::BinaryHeap<std::cmp::Reverse<i64>> = Default::default();
    // The ends of jobs on nodes that are free now, in ascending order.
    let mut free: Vec<i64> = Vec::new();
    let mut time = 0;
    for job in jobs {
        while busy.peek().is_some_and(|end| end.0 <= job.at) {
            free.extend(busy.pop().map(|end| end.0));
        }
        let pause = free.pop().map_or(replacement, |end| (job.at - end).min(replacement));
        time += pause + job.busy;
        busy.push(std::cmp::Reverse(job.at + job.busy));
    }
    let waits = Waits::of(jobs.iter().filter(|job| !job.cancelled).map(|_| 0));
    Figures { node_hours: time as f64 / crate::trace::HOUR as f64, waits }
}
