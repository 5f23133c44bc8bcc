//! Decides what befalls each call and each invocation, by the seed and by how many there were.
//!
//! A fate depends on the call alone, never on those before it: a plan with fewer jobs keeps most fates of the
//! whole one, which is what lets it be shrunk.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod drawn;
mod runner;

use drawn::Lot;

pub use runner::RunnerFault;

use super::plan::{Accident, Group, Mishap, Plan};

/// How often calls and invocations go wrong, while faults have not ceased; shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chances {
    /// Calls that fail, or whose request or answer is lost.
    pub faulty: f64,
    /// Calls that take seconds.
    pub slow: f64,
    /// Invocations of a function that are killed half-way.
    pub deaths: f64,
    /// Runs of tasks that lose their node in their first seconds.
    #[serde(default)]
    pub losses: f64,
    /// Runners whose job has read the ticket, and tries it before their container ends.
    pub thieves: f64,
    /// Runs of tasks whose runner never opens a session with GitHub.
    #[serde(default)]
    pub offline: f64,
    /// Runs of tasks whose listener is killed while its job runs.
    #[serde(default)]
    pub listener_deaths: f64,
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

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
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

impl Fate {
    /// Tells whether the caller gets no answer of the callee's own.
    pub fn is_faulty(self) -> bool {
        !matches!(self, Self::Pass | Self::Slow { .. })
    }
}

/// The fates of one storm.
#[derive(Debug)]
pub struct Fates {
    seed: u64,
    chances: Chances,
    calm_at: u64,
    accidents: Vec<Accident>,
    calls: BTreeMap<(Callee, String), u64>,
}

impl Fates {
    /// Makes the fates of a plan.
    pub fn of(plan: &Plan) -> Self {
        let concern = |accident: &&Accident| {
            matches!(accident.what, Mishap::RateStorm { .. } | Mishap::Outage { .. })
        };
        Self {
            seed: plan.seed,
            chances: plan.chances,
            calm_at: plan.calm_at,
            accidents: plan.accidents.iter().filter(concern).cloned().collect(),
            calls: BTreeMap::new(),
        }
    }

    /// Decides what befalls the next call of an operation.
    pub fn next(&mut self, callee: Callee, operation: &str, at_second: u64) -> Fate {
        let count = self.calls.entry((callee, operation.to_owned())).or_default();
        *count += 1;
        let mut lot = Lot::of(self.seed, &format!("{callee:?} {operation} {count}"));
        if at_second >= self.calm_at {
            return Fate::Pass;
        }
        let lasting = self.accidents.iter().filter(|accident| accident.lasts_at(at_second));
        for accident in lasting {
            match accident.what {
                Mishap::Outage { callee: down, .. } if down == callee => return lot.outage(),
                Mishap::RateStorm { retry_after, .. }
                    if callee == Callee::Github && lot.falls(0.8) =>
                {
                    return Fate::Fail { status: 429, retry_after: Some(retry_after) };
                }
                _ => {}
            }
        }
        if lot.falls(self.chances.faulty) {
            return lot.fault(callee, operation);
        }
        if lot.falls(self.chances.slow) { lot.slowness() } else { Fate::Pass }
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
        let mut lot = Lot::of(self.seed, &format!("dies {deployment} {group:?} {invocation}"));
        let dies = at_second < self.calm_at && lot.falls(self.chances.deaths);
        dies.then(|| lot.polls())
    }

    /// Decides whether a run of a task, counted from 1, loses its node, and how.
    pub fn loses_node(&self, task: &str, run: u32, at_second: u64) -> Option<NodeLoss> {
        let mut lot = Lot::of(self.seed, &format!("lost {task} {run}"));
        let is_lost = at_second < self.calm_at && lot.falls(self.chances.losses);
        is_lost.then(|| NodeLoss { after: lot.first_seconds(), gives_up: lot.falls(GIVEN_UP) })
    }

    /// Decides whether a job of this runner tries its ticket after the runner has gone, in this run of its task.
    pub fn is_robbed(&self, task: &str, run: u32) -> bool {
        Lot::of(self.seed, &format!("robbed {task} {run}")).falls(self.chances.thieves)
    }
}

#[cfg(test)]
mod tests;
