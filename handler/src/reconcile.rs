//! Decides what one run of ReconcileRunners repairs: no job without a runner, no runner without a job.
//!
//! `observe → plan(seen, before, rules, now) → act`. A run that finds nothing wrong plans nothing, and a plan
//! carried out twice does what it does once: a request meets `TaskExists`, what is gone stays gone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::admission::Policy;
use crate::message::RunnerRequest;
use crate::repository::Repository;
use crate::task::{DeploymentName, TaskId};

pub mod snapshot;
pub mod state;
pub mod walk;
mod ending;
mod coverage;
mod demand;
mod waiting;
mod runners;
mod deliveries;
mod leftovers;
mod alarms;
mod releases;

pub use deliveries::{Lost, lost};
pub use leftovers::{Fate, fate};
pub use snapshot::Snapshot;
pub use state::ReconcileState;
pub use waiting::{WaitingJob, waiting};

use coverage::Coverage;
use snapshot::Failure;

/// What a run keeps to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whose tasks and runners are ours.
    pub deployment: DeploymentName,
    /// Which jobs are served, and by which profiles.
    pub policy: Policy,
    /// How long a runner may wait that nobody needs.
    pub idle: TimeDelta,
    /// After how long a waiting job is reported.
    pub no_capacity: TimeDelta,
    /// How long an ended task is kept: walks lead through it.
    pub keep_ended: TimeDelta,
    /// Whether the run of a job that cannot be served is cancelled.
    pub cancel_unservable: bool,
}

/// One change that a run makes, or one thing that it tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Ask for a runner.
    Request(RunnerRequest),
    /// End a task that nobody needs. It is terminated, not deleted: a deleted waiting task goes on counting
    /// among the pending ones by which the pool grows.
    Terminate {
        /// The Batch job that holds it.
        batch_job: String,
        /// The task.
        task: TaskId,
        /// Why nobody needs it.
        why: &'static str,
    },
    /// End a started task whose runner is gone, if GitHub still has none of its name.
    EndWithoutRunner {
        /// The Batch job that holds it.
        batch_job: String,
        /// The task, and its runner's name.
        task: TaskId,
        /// Where the workflow of its job lives.
        repository: Repository,
    },
    /// Remove a runner from GitHub, and then end its task. One that got a job in between stays.
    Deregister {
        /// A repository of the scope in which it is registered.
        repository: Repository,
        /// GitHub's number of the runner.
        runner: u64,
        /// Its name.
        name: TaskId,
        /// The Batch job that holds its task, where it has one that lives.
        batch_job: Option<String>,
        /// Why it is removed.
        why: Removal,
    },
    /// Have GitHub deliver an event again.
    Redeliver {
        /// The API path of the webhook.
        hook: String,
        /// The attempt that failed.
        delivery: u64,
        /// The event.
        guid: String,
    },
    /// Put a message back on the road.
    Replay {
        /// Its id among the poison messages.
        handle: String,
        /// What it asks for.
        request: RunnerRequest,
    },
    /// Forget a message that is of no use any more.
    Drop {
        /// Its id among the poison messages.
        handle: String,
    },
    /// Delete a task that no walk needs any more.
    DeleteTask {
        /// The Batch job that holds it.
        batch_job: String,
        /// The task.
        task: TaskId,
    },
    /// Delete the claims of a task that is gone.
    DeleteClaims {
        /// The name of the task.
        task: String,
    },
    /// Cancel the run of a job that cannot be served.
    Cancel {
        /// The job.
        job: u64,
        /// Its run.
        run: u64,
        /// Where its workflow lives.
        repository: Repository,
        /// Why it cannot be served.
        why: WaitReason,
    },
    /// Tell that a job has waited too long, and why.
    Report {
        /// The job.
        job: u64,
        /// Where its workflow lives.
        repository: Repository,
        /// What it waits for.
        why: WaitReason,
    },
    /// Tell of something, once, that no further try mends.
    Alarm {
        /// What the alerts of a deployment look for.
        name: &'static str,
        /// What is to be told, and what to do.
        text: String,
    },
}

/// Why a registered runner is removed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Removal {
    /// No job waits that it could serve, or it has no task.
    #[error("no job needs it")]
    NotNeeded,
    /// Its container runs, and it has not been connected for [`MAX_OFFLINE`].
    #[error("it has been offline for {} minutes: check the pool's route to GitHub", MAX_OFFLINE.num_minutes())]
    Offline,
}

/// How long a task may run whose runner is not connected and has no job. A runner connects within seconds of its
/// registration, its image ends it after ten minutes without a session, and its task ends within seconds of its
/// job: this is for images that do not, for processes that a job has stopped or left behind, and for
/// registrations that were removed.
pub const MAX_OFFLINE: TimeDelta = TimeDelta::minutes(15);

/// Why a job has no runner.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WaitReason {
    /// Its labels call us, and no profile carries them all.
    #[error("no profile in setting RunnerProfiles carries all of its labels")]
    NoProfile,
    /// Its runner group keeps it from every runner of ours.
    #[error("{0}")]
    Group(String),
    /// Its runners fail, whatever the node.
    #[error("its runners fail ({0}): look at the tasks' stderr.txt and at the image")]
    Failing(Failure),
    /// Its runner waits, and GitHub does not assign the job to it.
    #[error(
        "a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, and that GitHub still supports the runner's version"
    )]
    NotAssigned,
    /// Its runner is registered and not connected.
    #[error(
        "its runner on pool {pool} has not connected to GitHub, and is replaced after {} minutes: check the pool's route to GitHub",
        MAX_OFFLINE.num_minutes()
    )]
    Offline {
        /// The pool.
        pool: String,
    },
    /// The pool cannot grow.
    #[error("pool {pool} cannot grow ({error})")]
    NoNodes {
        /// The pool.
        pool: String,
        /// The published code, such as `AccountCoreQuotaReached`.
        error: String,
    },
    /// Nothing is known of the pool.
    #[error(
        "its task waits for a node of pool {pool}, which cannot be looked at: check the handler's role on the Batch account"
    )]
    NoSight {
        /// The pool.
        pool: String,
    },
    /// The pool's nodes are being made.
    #[error("pool {pool} grows: {nodes} of {target} nodes are there")]
    Growing {
        /// The pool.
        pool: String,
        /// Those that are there.
        nodes: u32,
        /// Those that are to be.
        target: u32,
    },
    /// All nodes of the pool are taken.
    #[error("every node of pool {pool} is taken: raise its maximum, or wait")]
    Full {
        /// The pool.
        pool: String,
    },
    /// Its runner is being started.
    #[error("its runner is being started on pool {pool}")]
    Starting {
        /// The pool.
        pool: String,
    },
    /// The request for its runner was given up.
    #[error("message {0}, which asks for its runner, lies among the poison")]
    Poisoned(String),
    /// Its runner has been asked for and is not there yet.
    #[error("its runner has been asked for, or is within minutes")]
    Requested,
}

/// Decides what is repaired, and what the next run has to know.
pub fn plan(
    seen: &Snapshot,
    previous: &ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> (Vec<Repair>, ReconcileState) {
    let coverage = Coverage::of(seen, rules);
    let mut next = ReconcileState::default();
    let mut repairs = Vec::new();
    repairs.extend(demand::plan(seen, &coverage, previous, &mut next, rules, now));
    repairs.extend(runners::plan(seen, &coverage, previous, &mut next, rules, now));
    repairs.extend(deliveries::plan(seen, previous, &mut next, now));
    repairs.extend(leftovers::plan(seen, rules, now));
    repairs.extend(alarms::plan(seen, previous, &mut next, now));
    (repairs, next)
}

#[cfg(test)]
mod tests;
