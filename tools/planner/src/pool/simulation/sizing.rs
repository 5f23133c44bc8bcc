//! The size of the pool: evaluations, requests and removals.

use chrono::TimeDelta;

use super::{Event, Simulation};
use crate::pool::compiled;
use crate::pool::samples::View;
use crate::pool::scaler::Scaler;

impl Simulation<'_> {
    /// Computes the target number of nodes, and resizes the pool if it is another one.
    pub(super) fn evaluate(&mut self) {
        let target = match self.scaler {
            Scaler::Formula(formula) => {
                let start = self.pool.start;
                let at = start + TimeDelta::milliseconds(self.now);
                let outcome = formula.evaluate(&self.view().to_samples(start), at);
                self.timeline.evaluations.0 += 1;
                self.timeline.evaluations.1 += u32::from(outcome.error.is_some());
                outcome.target_dedicated_nodes
            }
            Scaler::Template(settings) => compiled::target(settings, &self.view()),
            Scaler::Ideal { calm, max_nodes } => {
                let demand = self.queue.len() + self.running;
                let peak = self.peak.add(self.now, demand, self.now - calm);
                peak.div_ceil(self.pool.slots as usize).min(max_nodes as usize) as i32
            }
        };
        if target != self.target {
            self.resize(target);
        }
    }

    fn view(&mut self) -> View<'_> {
        View {
            now: self.now,
            slots: self.pool.slots,
            nodes: self.nodes.total(),
            target: self.target,
            samples: self.samples.seen(self.now),
        }
    }

    fn resize(&mut self, target: i32) {
        self.target = target;
        let wanted = usize::try_from(target).unwrap_or(0);
        let committed = self.nodes.staying() + self.requests.len();
        for _ in committed..wanted {
            self.last_request += 1;
            let request = self.last_request;
            self.requests.insert(request);
            let delay = self.pool.timings.allocation.sample(&mut self.rng);
            self.after(delay, Event::Allocation { request });
        }
        let mut surplus = committed.saturating_sub(wanted);
        while surplus > 0 && self.requests.pop_last().is_some() {
            surplus -= 1;
        }
        for node in self.nodes.remove(surplus) {
            self.start_departure(node);
        }
    }

    pub(super) fn start_departure(&mut self, node: u32) {
        let delay = self.pool.timings.departure.sample(&mut self.rng);
        self.after(delay, Event::Departure { order: order(node), node });
    }

    /// Adds the time of a node that existed until now.
    pub(super) fn pay(&mut self, allocated: i64) {
        let (from, to) = (allocated.max(self.span.measure), self.now.min(self.span.to));
        self.timeline.node_time += (to - from).max(0);
    }
}

/// Returns the order of node ids as texts, in which the emulator fires events of one time: `10` is before `2`.
pub(super) fn order(node: u32) -> u64 {
    let number = u64::from(node) + 1;
    let digits = number.ilog10();
    (number * 10_u64.pow(10 - digits)) << 4 | u64::from(digits)
}
