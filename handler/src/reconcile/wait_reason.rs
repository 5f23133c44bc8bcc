//! The reasons why a job has no runner yet, in the words of alerts, Status and the log.

use super::MAX_OFFLINE;
use super::snapshot::Failure;

/// Why a job has no runner.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WaitReason {
    /// Its labels select this deployment, and no profile has all of them.
    #[error("no profile in setting RunnerProfiles has all of its labels")]
    NoProfile,
    /// Its runner group keeps every runner of this deployment from it.
    #[error("{0}")]
    Group(String),
    /// Its runners fail, on whatever node they run.
    #[error("its runners fail ({0}): check stderr.txt of their tasks, and the image")]
    Failing(Failure),
    /// Its runner is online, and GitHub does not assign the job to it.
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
    /// The state of the pool is not known.
    #[error(
        "its task waits for a node of pool {pool}, which cannot be read: check the handler's role on the Batch account"
    )]
    PoolUnread {
        /// The pool.
        pool: String,
    },
    /// The pool is adding nodes.
    #[error("pool {pool} is growing: it has {nodes} of {target} nodes")]
    Growing {
        /// The pool.
        pool: String,
        /// The nodes that exist.
        nodes: u32,
        /// The target number of nodes.
        target: u32,
    },
    /// All nodes of the pool are in use.
    #[error("all nodes of pool {pool} are in use: raise its maximum, or wait")]
    Full {
        /// The pool.
        pool: String,
    },
    /// Its runner is starting.
    #[error("its runner is starting on pool {pool}")]
    Starting {
        /// The pool.
        pool: String,
    },
    /// The request for its runner became a poison message.
    #[error("the request for its runner is poison message {0}")]
    Poisoned(String),
    /// Its runner is requested and has no task yet.
    #[error("its runner is requested, or will be within minutes")]
    Requested,
}
