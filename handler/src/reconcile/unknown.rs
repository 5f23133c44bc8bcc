//! Finds what is still to be read before the walk of a task can end.

use std::collections::BTreeMap;

use super::Rules;
use super::seen::{LedgerTask, ListedJob};
use crate::claim::{Step, WALK_LIMIT, step};
use crate::task::TaskId;

/// Names the task whose job the walk of `task` asks for, where that job is not known.
pub fn unknown_on_the_way(
    task: &LedgerTask,
    jobs: &BTreeMap<u64, ListedJob>,
    rules: &Rules,
) -> Option<TaskId> {
    let runner = task.runner(&rules.policy.profiles)?;
    let mut made_for = task.id.clone();
    for _ in 0..WALK_LIMIT {
        let Some(job) = jobs.get(&made_for.job) else { return Some(made_for) };
        match step(&task.id, &runner, &rules.deployment, made_for.job, &job.seen) {
            Step::Ask(thief) => made_for = thief,
            _ => return None,
        }
    }
    None
}
