//! Decides the outcome of every call and invocation from the seed and the number of the call.
//!
//! An outcome depends on its own call alone, never on earlier ones. A scenario with fewer jobs therefore keeps most
//! outcomes of the whole one, which is what makes shrinking work.

use std::collections::BTreeMap;
use std::time::Duration;

mod agent;
mod call_rng;
mod refusal;
mod runner;

use call_rng::CallRng;

pub use agent::AgentFault;
pub use runner::RunnerFault;

use super::scenario::pipelines::AgentFaultRates;
use super::scenario::{Callee, FaultKind, FaultRates, Group, Refusal, Scenario, ScheduledFault};

/// A call of a service.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The deployment that calls.
    pub deployment: usize,
    /// The service or function.
    pub callee: Callee,
    /// The operation.
    pub operation: &'a str,
    /// The path of the request.
    pub path: &'a str,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultOutcome {
    /// The call is carried out.
    Pass,
    /// The call is carried out after a delay.
    Slow {
        /// The delay in milliseconds.
        milliseconds: u64,
    },
    /// The call is answered with this status and not carried out.
    Fail {
        /// The HTTP status.
        status: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u32>,
    },
    /// GitHub refuses the credential.
    Refuse(Refusal),
    /// The request never arrives: the connection breaks.
    LostRequest,
    /// The call is carried out, and the connection breaks before the response.
    LostAnswer,
}

/// The share of lost nodes whose job is cancelled afterwards.
const CANCELLED_AFTER_LOSS: f64 = 0.25;

/// The loss of the node of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeLoss {
    /// Time between the start of the run and the loss.
    pub after: Duration,
    /// Whether the job is cancelled afterwards. A registration may then be left that no further run claims.
    pub cancels_job: bool,
}

impl FaultOutcome {
    /// Returns whether the caller gets no response of the service's own.
    pub fn is_faulty(self) -> bool {
        !matches!(self, Self::Pass | Self::Slow { .. })
    }
}

/// The fault injector of one simulation.
#[derive(Debug)]
pub struct FaultInjector {
    seed: u64,
    fault_rates: FaultRates,
    /// Those of agents, if there are any.
    agent_fault_rates: Option<AgentFaultRates>,
    faults_end_at: u64,
    scheduled_faults: Vec<ScheduledFault>,
    calls: BTreeMap<(Callee, String), u64>,
}

impl FaultInjector {
    /// Makes the injector of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let concern = |scheduled_fault: &&ScheduledFault| {
            matches!(
                scheduled_fault.kind,
                FaultKind::RateLimitBurst { .. }
                    | FaultKind::Outage { .. }
                    | FaultKind::Refusal { .. }
                    | FaultKind::RepositoryHidden { .. }
                    | FaultKind::PipelinesThrottled { .. }
            )
        };
        Self {
            seed: scenario.seed,
            fault_rates: scenario.fault_rates,
            agent_fault_rates: scenario.pipelines.as_ref().map(|plan| plan.fault_rates),
            faults_end_at: scenario.faults_end_at,
            scheduled_faults: scenario.all_scheduled_faults().filter(concern).cloned().collect(),
            calls: BTreeMap::new(),
        }
    }

    /// Returns the outcome of the next call of an operation.
    pub fn next(&mut self, call: Call<'_>, at_second: u64) -> FaultOutcome {
        let Call { callee, operation, .. } = call;
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
            if let Some(refused) = refusal::of(&scheduled_fault.kind, call) {
                return refused;
            }
            match scheduled_fault.kind {
                FaultKind::Outage { callee: down, .. } if down == callee => return rng.outage(),
                FaultKind::RateLimitBurst { retry_after, .. }
                    if callee == Callee::Github && rng.happens(0.8) =>
                {
                    return FaultOutcome::Fail { status: 429, retry_after: Some(retry_after) };
                }
                FaultKind::PipelinesThrottled { retry_after, .. }
                    if callee == Callee::Pipelines && rng.happens(0.8) =>
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

    /// Returns whether the response to the latest call of an operation contains an odd item.
    pub fn adds_odd_item(&self, operation: &str, at_second: u64) -> bool {
        let count = self.calls.get(&(Callee::Github, operation.to_owned()));
        let mut rng = CallRng::of(self.seed, &format!("odd {operation} {count:?}"));
        at_second < self.faults_end_at && rng.happens(self.fault_rates.odd_items)
    }

    /// Returns the poll at which an invocation is killed, if it is.
    ///
    /// `deployment` and `group` identify the process, and `invocation` is its number there.
    pub fn kills(
        &self,
        (deployment, group): (usize, Group),
        invocation: u64,
        at_second: u64,
    ) -> Option<u32> {
        let mut rng = CallRng::of(self.seed, &format!("dies {deployment} {group:?} {invocation}"));
        let dies = at_second < self.faults_end_at && rng.happens(self.fault_rates.invocation_kills);
        dies.then(|| rng.polls())
    }

    /// Returns how a run of a task, counted from 1, loses its node, if it does.
    pub fn node_loss(&self, task: &str, run: u32, at_second: u64) -> Option<NodeLoss> {
        let mut rng = CallRng::of(self.seed, &format!("lost {task} {run}"));
        let is_lost = at_second < self.faults_end_at && rng.happens(self.fault_rates.node_losses);
        is_lost.then(|| NodeLoss {
            after: rng.first_seconds(),
            cancels_job: rng.happens(CANCELLED_AFTER_LOSS),
        })
    }

    /// Returns whether the job of this runner replays the ticket at the end of this run of its task.
    pub fn replays_ticket(&self, task: &str, run: u32) -> bool {
        CallRng::of(self.seed, &format!("ticket_replays {task} {run}"))
            .happens(self.fault_rates.ticket_replays)
    }
}

#[cfg(test)]
mod tests;
