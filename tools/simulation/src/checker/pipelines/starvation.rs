//! Finds jobs that waited too long although the pool had room, a parallel job was free, and no fault was active.
//!
//! Pools with a formula are not checked, because Batch decides how many nodes they have.

use super::super::starvation::{Span, longest_free};
use super::agents::troubles;
use super::{Checked, PipelinesJobRecord, describe};

/// The longest wait in such a span: another deployment serves a job after five minutes, an agent that gets no job is
/// removed after ten or fifteen, and its task is replaced after up to two.
const MAX_WAIT: u64 = 45 * 60_000;
/// The time within which an agent is replaced that had a fault, or whose job waits again.
const REPLACED_WITHIN: u64 = 30 * 60_000;

/// Lists starved jobs.
pub(super) fn all(checked: Checked<'_>) -> Vec<String> {
    if checked.plan.pool.scaled {
        return Vec::new();
    }
    let mut excused = troubles(checked);
    excused.extend(full(checked));
    excused.extend(used_up(checked));
    let starved = checked.pipelines.jobs.iter().filter_map(|job| {
        let waits = (job.queued_at, end_of_wait(checked, job));
        let mut excused = excused.clone();
        excused.extend(own_faults(checked, job));
        let longest = longest_free(waits, excused);
        let minutes = longest / 60_000;
        (longest > MAX_WAIT && !job.is_orphaned)
            .then(|| format!("starved for {minutes} minutes: {}", describe(checked, job)))
    });
    starved.collect()
}

fn end_of_wait(checked: Checked<'_>, job: &PipelinesJobRecord) -> u64 {
    let started = job.started().and_then(|one| one.started_at);
    let over = [started, job.ended_at, job.cancelled_at];
    over.into_iter().flatten().min().unwrap_or(checked.record.ended_at)
}

/// Returns when agents of a job's own tasks had a fault or served another job, and when its agent did not acknowledge it.
fn own_faults(checked: Checked<'_>, job: &PipelinesJobRecord) -> Vec<Span> {
    let ended = |at: Option<u64>| at.unwrap_or(checked.record.ended_at);
    let of_tasks = checked.tasks_for(job.request).flat_map(|task| &task.runs);
    let of_tasks = of_tasks.map(|run| (run.started_at, ended(run.ended_at) + REPLACED_WITHIN));
    let reserved = job.reservations.iter();
    let reserved = reserved.map(|one| (one.at, ended(one.ended_at) + REPLACED_WITHIN));
    of_tasks.chain(reserved).collect()
}

/// Returns when every node of a deployment's pool was occupied.
fn full(checked: Checked<'_>) -> Vec<Span> {
    let of = |deployment: usize| {
        let tasks = checked.pipelines.tasks.iter();
        let runs = tasks.filter(move |task| task.deployment == deployment);
        let runs = runs.flat_map(|task| &task.runs);
        let runs = runs.map(|run| (run.started_at, run.ended_at));
        busy(runs, u64::from(checked.plan.pool.nodes), checked.record.ended_at)
    };
    checked.plan.deployments.iter().flat_map(|&deployment| of(deployment)).collect()
}

/// Returns when every parallel job of the organization was in use.
fn used_up(checked: Checked<'_>) -> Vec<Span> {
    let reservations = checked.pipelines.jobs.iter().flat_map(|job| &job.reservations);
    let reservations = reservations.map(|one| (one.at, one.ended_at));
    busy(reservations, checked.plan.parallel_jobs, checked.record.ended_at)
}

/// Returns when at least `limit` of the uses overlapped.
fn busy(uses: impl Iterator<Item = (u64, Option<u64>)>, limit: u64, end: u64) -> Vec<Span> {
    let mut changes: Vec<(u64, bool)> =
        uses.flat_map(|(from, to)| [(from, true), (to.unwrap_or(end), false)]).collect();
    // An end sorts before a start at the same time: what it used is free.
    changes.sort_unstable();
    let (mut used, mut since, mut spans) = (0_u64, None, Vec::new());
    for (at, starts) in changes {
        used = if starts { used + 1 } else { used.saturating_sub(1) };
        if used >= limit {
            since.get_or_insert(at);
        } else if let Some(from) = since.take() {
            spans.push((from, at));
        }
    }
    spans
}
