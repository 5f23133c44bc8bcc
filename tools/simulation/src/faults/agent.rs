//! Decides which fault a run of an agent has.

use std::time::Duration;

use super::FaultInjector;
use super::call_rng::CallRng;

/// A fault of one run of an agent of Azure Pipelines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AgentFault {
    /// The agent ends before it opens a session.
    ExitsEarly {
        /// Its own exit code, from 0 to 4.
        code: u8,
    },
    /// The agent never opens a session.
    Hangs {
        /// Whether it stays forever: the image does not end an agent without a session, or cannot.
        forever: bool,
    },
    /// The worker crashes at the end of the job.
    WorkerCrashes,
    /// The agent dies during its job.
    Dies {
        /// Time between the start of the job and the death.
        after: Duration,
    },
    /// The agent keeps its session after its job.
    Lingers {
        /// For how long.
        lasts: Duration,
    },
    /// The service asks the agent to update itself.
    Updates {
        /// Time between the start of the agent and the request.
        after: Duration,
    },
    /// The service revokes the agent's access token.
    TokenRevoked {
        /// Time between the start of the agent and the revocation.
        after: Duration,
    },
    /// An operator terminates the task.
    Terminated {
        /// Time between the start of the agent and the termination.
        after: Duration,
    },
}

/// The share of agents without a session that hang forever.
const FOREVER: f64 = 0.4;

impl FaultInjector {
    /// Returns the fault of a run of an agent's task, counted from 1, if it has one.
    pub fn agent_fault(&self, task: &str, run: u32, at_second: u64) -> Option<AgentFault> {
        let rates = self.agent_fault_rates.filter(|_| at_second < self.faults_end_at)?;
        let mut rng = CallRng::of(self.seed, &format!("agent {task} {run}"));
        if rng.happens(rates.early_exits) {
            return Some(AgentFault::ExitsEarly { code: rng.up_to(4) });
        }
        if rng.happens(rates.hangs) {
            return Some(AgentFault::Hangs { forever: rng.happens(FOREVER) });
        }
        if rng.happens(rates.worker_crashes) {
            return Some(AgentFault::WorkerCrashes);
        }
        if rng.happens(rates.deaths) {
            return Some(AgentFault::Dies { after: rng.first_seconds() });
        }
        if rng.happens(rates.lingering) {
            return Some(AgentFault::Lingers { lasts: rng.first_seconds() * 6 });
        }
        if rng.happens(rates.updates) {
            return Some(AgentFault::Updates { after: rng.first_seconds() });
        }
        if rng.happens(rates.revoked_tokens) {
            return Some(AgentFault::TokenRevoked { after: rng.first_seconds() });
        }
        rng.happens(rates.terminations)
            .then(|| AgentFault::Terminated { after: rng.first_seconds() * 2 })
    }
}
