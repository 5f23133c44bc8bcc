//! What sizes a pool: a formula, or an ideal scaler for comparison.

use std::collections::VecDeque;

use autoscale_formula::Formula;

use crate::formula::Settings;
use crate::trace::MINUTE;

/// The interval between two evaluations, Batch's shortest.
pub const EVALUATION_INTERVAL: i64 = 5 * MINUTE;

/// What sizes a pool.
#[derive(Clone, Copy, Debug)]
pub enum Scaler<'a> {
    /// A formula, evaluated every five minutes on samples that lag.
    Formula(&'a Formula),
    /// A formula of the template, compiled: it has the same results.
    Template(&'a Settings),
    /// Requests a node for each waiting job at once, and removes nodes that had no use for `calm` milliseconds. It knows
    /// the present demand only, and its nodes boot as any other.
    Ideal {
        /// Milliseconds that demand must stay lower before nodes are removed.
        calm: i64,
        /// Maximum number of nodes.
        max_nodes: u32,
    },
}

/// The highest demand of the last time.
#[derive(Debug, Default)]
pub(super) struct Peak {
    /// Times and demands, in descending order of demand.
    recent: VecDeque<(i64, usize)>,
}

impl Peak {
    /// Adds the present demand, and returns the highest one since `from`.
    pub(super) fn add(&mut self, now: i64, demand: usize, from: i64) -> usize {
        while self.recent.pop_back_if(|(_, lower)| *lower <= demand).is_some() {}
        self.recent.push_back((now, demand));
        while self.recent.pop_front_if(|(at, _)| *at < from).is_some() {}
        self.recent.front().map_or(demand, |(_, highest)| *highest)
    }
}
