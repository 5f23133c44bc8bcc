//! Decides what hits each call and each invocation, by the seed and by how many there were.
//!
//! A outcome depends on the call alone, never on those before it: a scenario with fewer jobs keeps most injector of the
//! whole one, which is what lets it be shrunk.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod call_rng;
mod runner;

use call_rng::CallRng;

pub use runner::RunnerFault;

use super::scenario::{FaultKind, Group, Scenario, ScheduledFault};

/// How often calls and invocations go wrong, while faults have not ceased; shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRates {
    /// Calls that fail, or whose request or answer is lost.
    pub faulty_calls: f64,
    /// Calls that take seconds.
    pub slow_calls: f64,
    /// Invocations of a function that are killed half-way.
    pub invocation_kills: f64,
    /// Runs of tasks that lose their node in their first seconds.
    #[serde(default)]
    pub node_losses: f64,
    /// Runners whose job has read the ticket, and tries it before their container ends.
    pub ticket_replays: f64,
    /// Runs of tasks whose runner never opens a session with GitHub.
    #[serde(default)]
    pub offline_runners: f64,
    /// Runs of tasks whose listener is killed while its job runs.
    #[serde(default)]
    pub listener_kills: f64,
    /// Runs of tasks that are terminated as their runner or its job starts.
    #[serde(default)]
    pub terminations: f64,
    /// Runs of tasks on an image of an earlier release: it waits without limit for its session, and takes a
    /// job that failed before the hook for none.
    #[serde(default)]
    pub old_images: f64,
}

/// Who is called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Callee {
    /// GitHub's API, by the handler.
    Github,
    /// Batch, by the handler.
    Batch,
    /// The queues, by the handler.
    Queues,
    /// The blobs, by the handler.
    Blobs,
    /// The queues, by the Functions host.
    Host,
    /// ClaimRunner, by an entrypoint.
    Claim,
}

/// What hits a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultOutcome {
    /// Nothing.
    Pass,
    /// It is carried out after so many milliseconds.
    Slow {
        /// How many.
        milliseconds: u64,
    },
    /// It is answered by this status, and not carried out.
    Fail {
        /// The HTTP status.
        status: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u32>,
    },
    /// The request never arrives: the connection breaks.
    LostRequest,
    /// It is carried out, and the connection breaks before the answer.
    LostAnswer,
}

/// The share of runs that lose their node whose job is given up then.
const GIVEN_UP: f64 = 0.25;

/// How a run loses its node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeLoss {
    /// How long after the run's start.
    pub after: Duration,
    /// Whether the job is cancelled then, by somebody who sees nothing happen: a registration may be left that
    /// no further run claims.
    pub gives_up: bool,
}

impl FaultOutcome {
    /// Tells whether the caller gets no answer of the callee's own.
    pub fn is_faulty(self) -> bool {
        !matches!(self, Self::Pass | Self::Slow { .. })
    }
}

/// The injector of one storm.
#[derive(Debug)]
pub struct FaultInjector {
    seed: u64,
    fault_rates: FaultRates,
    faults_end_at: u64,
    scheduled_faults: Vec<ScheduledFault>,
    calls: BTreeMap<(Callee, String), u64>,
}

impl FaultInjector {
    /// Makes the injector of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let concern = |scheduled_fault: &&ScheduledFault| {
            matches!(scheduled_fault.kind, FaultKind::RateStorm { .. } | FaultKind::Outage { .. })
        };
        Self {
            seed: scenario.seed,
            fault_rates: scenario.fault_rates,
            faults_end_at: scenario.faults_end_at,
            scheduled_faults: scenario.scheduled_faults.iter().filter(concern).cloned().collect(),
            calls: BTreeMap::new(),
        }
    }

    /// Decides what hits the next call of an operation.
    pub fn next(&mut self, callee: Callee, operation: &str, at_second: u64) -> FaultOutcome {
        let count = self.calls.entry((callee, operation.to_owned())).or_default();
        *count += 1;
        let mut rng = CallRng::of(self.seed, &format!("{callee:?} {operation} {count}"));
        if at_second >= self.faults_end_at {
            return FaultOutcome::Pass;
        }
        let lasting = self
            .scheduled_faults
            .iter()
            .filter(|scheduled_fault| scheduled_fault.lasts_at(at_second));
        for scheduled_fault in lasting {
            match scheduled_fault.kind {
                FaultKind::Outage { callee: down, .. } if down == callee => return rng.outage(),
                FaultKind::RateStorm { retry_after, .. }
                    if callee == Callee::Github && rng.happens(0.8) =>
                {
                    return FaultOutcome::Fail { status: 429, retry_after: Some(retry_after) };
                }
                _ => {}
            }
        }
        if rng.happens(self.fault_rates.faulty_calls) {
            return rng.fault(callee, operation);
        }
        if rng.happens(self.fault_rates.slow_calls) { rng.slowness() } else { FaultOutcome::Pass }
    }

    /// Decides whether an invocation is killed, and at which of its polls.
    ///
    /// `deployment` and `group` say whose it is, and `invocation` is its number there.
    pub fn dies(
        &self,
        (deployment, group): (usize, Group),
        invocation: u64,
        at_second: u64,
    ) -> Option<u32> {
        let mut rng = CallRng::of(self.seed, &format!("dies {deployment} {group:?} {invocation}"));
        let dies = at_second < self.faults_end_at && rng.happens(self.fault_rates.invocation_kills);
        dies.then(|| rng.polls())
    }

    /// Decides whether a run of a task, counted from 1, loses its node, and how.
    pub fn loses_node(&self, task: &str, run: u32, at_second: u64) -> Option<NodeLoss> {
        let mut rng = CallRng::of(self.seed, &format!("lost {task} {run}"));
        let is_lost = at_second < self.faults_end_at && rng.happens(self.fault_rates.node_losses);
        is_lost.then(|| NodeLoss { after: rng.first_seconds(), gives_up: rng.happens(GIVEN_UP) })
    }

    /// Decides whether a job of this runner tries its ticket after the runner has gone, in this run of its task.
    pub fn replays_ticket(&self, task: &str, run: u32) -> bool {
        CallRng::of(self.seed, &format!("ticket_replays {task} {run}"))
            .happens(self.fault_rates.ticket_replays)
    }
}

#[cfg(test)]
mod tests;
