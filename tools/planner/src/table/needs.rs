//! What each job of the past would have needed to start at once.

use std::ops::Range;

use crate::demand::{Demand, HOURS_OF_WEEK};
use crate::table::START_MINUTES;
use crate::trace::{HOUR, MINUTE, WEEK};

/// From a change of demand until nodes for it can run tasks: half an evaluation interval, the lag of samples, and the start.
const LEAD: i64 = 10 * MINUTE;

/// The need of a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// Its run.
    pub(super) run: u32,
    /// Nodes with one slot that all jobs need when it arrives.
    pub(super) all: u32,
    /// Those beyond the nodes that earlier demand has kept.
    pub(super) beyond: u32,
    /// Whether it arrives in the first minutes of an hour.
    pub(super) at_start: bool,
}

/// Returns the needs of the jobs of some weeks, by hour of the week.
pub(super) fn by_hour(demand: &Demand, weeks: &Range<usize>, calm: i64) -> Vec<Vec<Need>> {
    let mut hours = vec![Vec::new(); HOURS_OF_WEEK];
    let span = weeks.start as i64 * WEEK..weeks.end as i64 * WEEK;
    for arrival in demand.arrivals(span) {
        let kept = demand.peak(arrival.at - LEAD - calm, arrival.at - LEAD);
        let need = Need {
            run: arrival.run,
            all: arrival.demand,
            beyond: arrival.demand.saturating_sub(kept),
            at_start: arrival.at.rem_euclid(HOUR) < START_MINUTES * MINUTE,
        };
        hours[(arrival.at.rem_euclid(WEEK) / HOUR) as usize].push(need);
    }
    hours
}
