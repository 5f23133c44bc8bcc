//! Walks from a task along the runners that took each other's jobs, as far as they have been seen.

use std::collections::BTreeMap;

use super::Rules;
use super::snapshot::{LedgerTask, ListedJob};
use crate::claim::{NotNeeded, Step, step};
use crate::task::TaskId;

/// Where the walk of a task ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// At this job, which waits for a runner.
    Demand(u64),
    /// At this job, which waits for a runner of another profile. A task asks for that when it claims; a runner
    /// that is registered already never claims again.
    Misfit(u64),
    /// At proof that nobody needs the runner.
    Nobody(NotNeeded),
    /// At the job that this task was made for, of which nothing is known yet.
    Unread(TaskId),
    /// At a fact that is missing.
    Undetermined,
}

/// Walks from a task's own job.
pub fn walk(task: &LedgerTask, jobs: &BTreeMap<u64, ListedJob>, rules: &Rules) -> End {
    let Some(runner) = task.runner(&rules.policy.profiles) else { return End::Undetermined };
    let mut made_for = task.id.clone();
    let mut path = Vec::new();
    // It ends: no job is passed twice.
    loop {
        let asked = made_for.job;
        let Some(job) = jobs.get(&asked) else { return End::Unread(made_for) };
        path.push(made_for);
        match step(&task.id, &runner, &rules.deployment, &path, &job.seen) {
            Step::Serve => return End::Demand(asked),
            Step::Replace => return End::Misfit(asked),
            Step::NotNeeded(gone) => return End::Nobody(gone),
            Step::Undetermined => return End::Undetermined,
            Step::Ask(thief) => made_for = thief,
        }
    }
}
