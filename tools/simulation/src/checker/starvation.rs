//! Finds jobs that waited too long although the pool had room and no fault was active.
//!
//! Checked are spans without a scheduled fault and its aftermath, at call fault rates with which a reconciliation
//! succeeds. Pools with a formula are not checked, because Batch decides how many nodes they have.

use super::{JobRecord, Record, Scenario, describe, paused};
use crate::record::{Fault, Run};
use crate::scenario::{FaultKind, Pool, ScheduledFault};

/// The longest wait in such a span. A job gets a missing runner after two minutes, by reconciliations two minutes apart,
/// or after fifteen minutes if one of them was incomplete.
const MAX_WAIT: u64 = 25 * 60_000;
/// The time for which a scheduled fault has effects after its end.
pub(super) const AFTERMATH: u64 = 15 * 60_000;
/// The time after which a runner without a session has ended, by its image or by the handler.
const OFFLINE: u64 = 20 * 60_000;
/// The time until it is replaced.
const REPLACED_WITHIN: u64 = 5 * 60_000;
/// The exit code of a runner that refused its job.
const REFUSED: i32 = 77;
/// The highest share of faulty calls at which a reconciliation succeeds.
const MAX_FAULT_RATE: f64 = 0.1;

/// Lists starved jobs.
pub(super) fn all(scenario: &Scenario, record: &Record) -> Vec<String> {
    let troubles = troubles(scenario, record);
    let jobs = record.jobs.iter().filter(|job| scenario.jobs[job.planned].needs_runner());
    let starved = jobs.filter_map(|job| {
        let (waits, span) = (waiting(record, job)?, pool(scenario, job)?);
        let (deployment, pool) = span;
        let mut excused = full(record, deployment, pool);
        excused.extend(replacing(record, deployment, pool));
        excused.extend(reassigned(scenario, record, deployment, job));
        excused.extend(&troubles);
        excused.extend(paused::spans_of(scenario, job));
        let longest = longest_free(waits, excused);
        (longest > MAX_WAIT).then(|| {
            let minutes = longest / 60_000;
            let description = describe::of_job(scenario, record, job);
            format!("starved for {minutes} minutes while pool {} had room: {description}", pool.id)
        })
    });
    starved.collect()
}

/// A span of time: start and end.
pub(super) type Span = (u64, u64);

/// Returns when a job waited, if it waited long.
fn waiting(record: &Record, job: &JobRecord) -> Option<Span> {
    let over = [job.started_at, job.ended_at].into_iter().flatten().min();
    let (from, to) = (job.ready_at?, over.unwrap_or(record.ended_at));
    (to.saturating_sub(from) > MAX_WAIT).then_some((from, to))
}

/// Returns the pool of a job's runner, if the pool has a fixed number of nodes.
fn pool<'a>(scenario: &'a Scenario, job: &JobRecord) -> Option<(usize, &'a Pool)> {
    let planned = &scenario.jobs[job.planned];
    let profiles = handler::profiles::default_profiles("ubuntu", "windows");
    let profile = profiles.iter().find(|profile| profile.serves(&planned.labels))?;
    let deployment = planned.deployment?;
    let pool =
        scenario.deployments[deployment].pools.iter().find(|pool| pool.id == profile.pool)?;
    // Nodes of profiles with nodePerJob are used up.
    (!pool.scaled && !pool.node_per_job).then_some((deployment, pool))
}

/// Returns when a runner group was open, in which no runner is registered and for which none is requested.
pub(super) fn open_groups(scenario: &Scenario) -> impl Iterator<Item = Span> {
    let opened = |fault: &&ScheduledFault| matches!(fault.kind, FaultKind::GroupOpened { .. });
    let opened = scenario.scheduled_faults.iter().filter(opened);
    opened.map(|fault| (fault.at * 1000, fault.ends_at() * 1000 + AFTERMATH))
}

/// Returns when faults were active. Faults that affect single runners are excused one by one.
pub(super) fn troubles(scenario: &Scenario, record: &Record) -> Vec<Span> {
    let aftermath = |at: u64| at * 1000 + AFTERMATH;
    let alone = |what: &FaultKind| {
        matches!(
            what,
            FaultKind::RouteBroken { .. }
                | FaultKind::GroupOpened { .. }
                | FaultKind::ProfilePaused { .. }
        )
    };
    let scheduled_faults =
        scenario.scheduled_faults.iter().filter(|scheduled_fault| !alone(&scheduled_fault.kind));
    let mut spans: Vec<Span> = scheduled_faults
        .map(|scheduled_fault| (scheduled_fault.at * 1000, aftermath(scheduled_fault.ends_at())))
        .collect();
    if scenario.fault_rates.faulty_calls > MAX_FAULT_RATE {
        spans.push((0, aftermath(scenario.faults_end_at)));
    }
    spans.retain(|&(from, _)| from < record.ended_at);
    spans
}

/// Returns when a runner of a pool got no job through no fault of the handler, with the time of its replacement.
fn replacing(record: &Record, deployment: usize, pool: &Pool) -> Vec<Span> {
    let span = |run: &Run| {
        let ended_at = run.ended_at.unwrap_or(record.ended_at);
        let until = match run.fault {
            Some(Fault::NoSession) => ended_at.min(run.started_at + OFFLINE),
            Some(Fault::Terminated) => ended_at,
            _ if run.exit_code == Some(REFUSED) => ended_at,
            _ => return None,
        };
        Some((run.started_at, until + REPLACED_WITHIN))
    };
    runs_of(record, deployment, pool).filter_map(span).collect()
}

/// Returns when the job's own runners were assigned to other jobs, with the time of their replacement: GitHub assigns
/// jobs at random, and may pass over one job many times.
fn reassigned(
    scenario: &Scenario,
    record: &Record,
    deployment: usize,
    job: &JobRecord,
) -> Vec<Span> {
    let is_own = |name: &str| {
        scenario.deployments[deployment].read(name).is_some_and(|task| task.job == job.id)
    };
    let own = record
        .runners
        .iter()
        .filter(|runner| runner.deployment == Some(deployment) && is_own(&runner.name));
    let assigned = own.filter_map(|runner| runner.job.filter(|&(_, other)| other != job.id));
    assigned.map(|(at, _)| (at, at + REPLACED_WITHIN)).collect()
}

/// Lists the runs on a pool.
fn runs_of<'a>(
    record: &'a Record,
    deployment: usize,
    pool: &Pool,
) -> impl Iterator<Item = &'a Run> {
    let batch_job = format!("runners-{}", pool.id);
    let of_pool = record.tasks.iter().filter(move |task| {
        task.deployment == deployment && task.batch_job.starts_with(&batch_job)
    });
    of_pool.flat_map(|task| &task.runs)
}

/// Returns when every node of a pool was occupied.
fn full(record: &Record, deployment: usize, pool: &Pool) -> Vec<Span> {
    let runs = runs_of(record, deployment, pool);
    let mut changes: Vec<(u64, bool)> = runs
        .flat_map(|run| [(run.started_at, true), (run.ended_at.unwrap_or(record.ended_at), false)])
        .collect();
    // An end sorts before a start at the same time: its node is free.
    changes.sort_unstable();
    let (mut taken, mut since, mut spans) = (0, None, Vec::new());
    for (at, starts) in changes {
        taken = if starts { taken + 1 } else { taken - 1_i64 };
        if taken >= i64::from(pool.nodes) {
            since.get_or_insert(at);
        } else if let Some(from) = since.take() {
            spans.push((from, at));
        }
    }
    spans
}

/// Returns the longest part of a span that none of the others overlaps.
pub(super) fn longest_free((from, to): Span, mut others: Vec<Span>) -> u64 {
    others.sort_unstable();
    let (mut free_from, mut longest) = (from, 0);
    for (begin, end) in others {
        longest = longest.max(begin.min(to).saturating_sub(free_from));
        free_from = free_from.max(end);
    }
    longest.max(to.saturating_sub(free_from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_free_part_lies_between_the_others() {
        assert_eq!(longest_free((10, 100), Vec::new()), 90);
        assert_eq!(longest_free((10, 100), vec![(60, 70), (0, 20)]), 40);
        assert_eq!(longest_free((10, 100), vec![(0, 50), (30, 40), (95, 200)]), 45);
        assert_eq!(longest_free((10, 100), vec![(0, 200)]), 0);
    }
}
