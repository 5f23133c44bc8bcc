//! The assignment of runners to jobs: which job a runner is for, and whether a job needs another runner.
//!
//! GitHub matches runners and jobs by labels alone. The runner made for job 1 may be given job 2, and then the runner
//! made for job 2 is free for job 1. The *assignment chain* of a task follows these exchanges: it begins at the job
//! that the task was made for, and where that job runs on the runner of another task of this deployment, it goes on at
//! the job that the other task was made for. The chain *resolves to* the first job that is still queued, or to proof
//! that no job needs the runner.
//!
//! Nothing here does I/O: a decision that lacks a fact names it ([`Fact`]), and the caller fetches the fact, adds it to
//! the [`AssignmentGraph`], and decides again. **A missing fact never counts as absence of demand.**

mod job;
mod live_task;
mod graph;
mod cache;
mod resolve;
mod decide;
mod registration;
mod coverage;
#[cfg(test)]
mod testing;

pub use cache::AssignmentCache;
pub use coverage::{Candidate, Coverage};
pub use decide::{Claim, Replacement, Retry, decide, decide_replacement};
pub use graph::{AssignmentGraph, ChainRules, Fact};
pub use job::{Job, JobDetails, JobState, ListedJob, QueuedJob};
pub use live_task::{LiveTask, Readiness};
pub use registration::{Conflict, Connection, RegisteredRunner, Resumption, conflict, resume};
pub use resolve::{AssignmentChain, NotNeeded, Resolution, resolve};
