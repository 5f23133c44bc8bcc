//! Determines the phase of each job.

use chrono::{DateTime, Utc};

use super::{JobPhase, JobStatus};
use crate::profiles::{Match, match_profile};
use crate::reconcile::snapshot::{ListedJob, Snapshot, Stage};
use crate::reconcile::{
    MAX_ENDING, OutlivedTask, ReconcileState, Rules, WaitReason, WaitingJob, outlived_tasks,
    waiting_jobs,
};

const GATE: &str = "an approval, a concurrency group or another gate of GitHub";

/// Lists the jobs that wait for a runner of this deployment, are gated, run on one of its runners, or have ended while
/// the task of their runner still runs.
pub(super) fn of_all_phases(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<JobStatus> {
    let waiting = waiting_jobs(snapshot, previous, rules, now);
    let others = snapshot.jobs.iter().filter_map(|(id, job)| match job.job.status.as_str() {
        "waiting" | "pending" | "requested" => gated(*id, job, rules),
        "in_progress" => running(*id, job, rules),
        _ => None,
    });
    let outlived = outlived_tasks(snapshot, previous, rules, now);
    let ending = outlived.iter().map(|outlived| ending(outlived, snapshot, now));
    waiting.iter().map(queued).chain(others).chain(ending).collect()
}

/// Keeps at most `max` jobs: the oldest ones, whatever their phase, but no running ones.
pub(super) fn longest_waiting(mut jobs: Vec<JobStatus>, max: usize) -> Vec<JobStatus> {
    if jobs.len() > max {
        // Running jobs do not wait.
        jobs.retain(|job| !matches!(job.phase, JobPhase::Running | JobPhase::Ending));
        let mut by_age: Vec<_> = jobs.iter().map(|job| (job.created_at, job.job)).collect();
        by_age.sort_unstable();
        if let Some(&first_omitted) = by_age.get(max) {
            jobs.retain(|job| (job.created_at, job.job) < first_omitted);
        }
    }
    jobs
}

fn queued(waiting: &WaitingJob<'_>) -> JobStatus {
    let phase = match (&waiting.reason, waiting.task) {
        (WaitReason::Paused { .. }, Some(_)) => JobPhase::WaitingForNode,
        (reason, _) => phase(reason),
    };
    JobStatus {
        profile: waiting.profile.map(|profile| profile.name.clone()),
        task: waiting.task.map(|task| task.id.to_string()),
        wait_reason: Some(waiting.reason.to_string()),
        ..job_status(phase, waiting.id, waiting.job)
    }
}

fn phase(why: &WaitReason) -> JobPhase {
    match why {
        WaitReason::NoProfile(_)
        | WaitReason::ListInLabel(_)
        | WaitReason::NoLabels
        | WaitReason::OfUser
        | WaitReason::LeftBehind
        | WaitReason::TooManyRunners
        | WaitReason::Unclaimed(_)
        | WaitReason::Group(_)
        | WaitReason::Refused(_)
        | WaitReason::LeftToOthers(_)
        | WaitReason::Failing(_) => JobPhase::Unservable,
        WaitReason::Poisoned(_)
        | WaitReason::Requested
        | WaitReason::Delayed { .. }
        | WaitReason::Paused { .. } => JobPhase::Requested,
        WaitReason::NoNodes { .. }
        | WaitReason::PoolUnread { .. }
        | WaitReason::Growing { .. }
        | WaitReason::Full { .. } => JobPhase::WaitingForNode,
        WaitReason::Starting { .. } | WaitReason::Throttled(_) | WaitReason::Offline { .. } => {
            JobPhase::Starting
        }
        WaitReason::NotAssigned | WaitReason::Restricted(_) => JobPhase::WaitingForGithub,
    }
}

fn gated(id: u64, job: &ListedJob, rules: &Rules) -> Option<JobStatus> {
    let profile = match match_profile(&job.job.labels, &rules.policy.profiles) {
        Match::Profile(profile) => Some(profile.name.clone()),
        Match::NoProfile { .. } => None,
        Match::GithubHosted | Match::OtherLabels | Match::NoLabels => return None,
    };
    let wait_reason = Some(GATE.to_owned());
    let allowed = rules.policy.allowed.allow(&job.repository);
    allowed.then(|| JobStatus { profile, wait_reason, ..job_status(JobPhase::Gated, id, job) })
}

fn running(id: u64, job: &ListedJob, rules: &Rules) -> Option<JobStatus> {
    let task = rules.deployment.parse_task(job.job.runner.as_ref()?)?;
    let profile = match match_profile(&job.job.labels, &rules.policy.profiles) {
        Match::Profile(profile) => Some(profile.name.clone()),
        _ => None,
    };
    let task = Some(task.to_string());
    Some(JobStatus { profile, task, ..job_status(JobPhase::Running, id, job) })
}

/// Returns the entry of a task that has outlived its runner. Of its job no more than the id may be known.
fn ending(outlived: &OutlivedTask<'_>, snapshot: &Snapshot, now: DateTime<Utc>) -> JobStatus {
    let OutlivedTask { task, job: id } = outlived;
    let known = snapshot.jobs.get(id);
    let started = match task.stage {
        Stage::Started { at } => at,
        _ => None,
    };
    JobStatus {
        job: *id,
        run: known.map_or(0, |listed| listed.job.run),
        repository: known.map_or(&task.repository, |listed| &listed.repository).clone(),
        labels: known.map(|listed| listed.job.labels.clone()).unwrap_or_default(),
        phase: JobPhase::Ending,
        workflow: known.and_then(workflow),
        created_at: known.map(|listed| listed.created_at).or(started).unwrap_or(now),
        profile: Some(task.profile.clone()),
        task: Some(task.id.to_string()),
        wait_reason: Some(format!(
            "its job has ended or its runner was deregistered, and its task still runs: the task is terminated after {} minutes",
            MAX_ENDING.num_minutes()
        )),
    }
}

fn workflow(listed: &ListedJob) -> Option<String> {
    listed.details.workflow.as_deref().map(str::to_owned)
}

fn job_status(phase: JobPhase, id: u64, job: &ListedJob) -> JobStatus {
    JobStatus {
        job: id,
        run: job.job.run,
        repository: job.repository.clone(),
        labels: job.job.labels.clone(),
        phase,
        workflow: workflow(job),
        created_at: job.created_at,
        profile: None,
        task: None,
        wait_reason: None,
    }
}
