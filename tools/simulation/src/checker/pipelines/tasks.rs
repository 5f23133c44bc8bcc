//! Checks tasks: no request has two of one deployment while the agent of the first one is free.

use super::super::describe::of_task;
use super::super::tasks::{RECONCILING, is_closed};
use super::results::reservations;
use super::{Checked, TaskRecord};

/// Lists tasks that were added although a live task, whose agent was free, existed for their request.
pub(super) fn duplicated(checked: Checked<'_>) -> Vec<String> {
    let of_job = |job: &super::PipelinesJobRecord| {
        let tasks: Vec<&TaskRecord> = checked.tasks_for(job.request).collect();
        let doubled = tasks.iter().filter_map(|newer| {
            let older = tasks.iter().find(|older| is_free_at(checked, older, newer))?;
            let (older, newer) = (of_task(older), of_task(newer));
            Some(format!("two tasks for job request {}: {older}; {newer}", job.request))
        });
        doubled.collect::<Vec<_>>()
    };
    checked.pipelines.jobs.iter().flat_map(of_job).collect()
}

/// Returns whether a task lived, and its agent had had no job, throughout the time in which the newer one was decided.
fn is_free_at(checked: Checked<'_>, older: &TaskRecord, newer: &TaskRecord) -> bool {
    let at = newer.added_at;
    let is_older = older.deployment == newer.deployment
        && older.id != newer.id
        && older.added_at + RECONCILING < at;
    let lives = older.ended_at.is_none_or(|ended_at| ended_at > at);
    let had_job = reservations(checked, &older.id).any(|one| one.at <= at);
    is_older && lives && !had_job && !is_closed(checked.scenario, older)
}
