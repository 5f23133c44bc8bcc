//! Finds the place of each job.

use chrono::{DateTime, Utc};

use super::{JobPhase, JobStatus};
use crate::profiles::{Match, match_profile};
use crate::reconcile::snapshot::{ListedJob, Snapshot};
use crate::reconcile::{Rules, WaitReason, WaitingJob, waiting_jobs};

const GATE: &str = "an approval, a concurrency group or another gate of GitHub's";

/// Lists the jobs that wait for a runner of ours, will do so, or are on one.
pub(super) fn on_the_road(seen: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<JobStatus> {
    let waiting = waiting_jobs(seen, rules, now);
    let others = seen.jobs.iter().filter_map(|(id, job)| match job.job.status.as_str() {
        "waiting" | "pending" | "requested" => gated(*id, job, rules),
        "in_progress" => running(*id, job, rules),
        _ => None,
    });
    waiting.iter().map(queued).chain(others).collect()
}

/// Keeps no more than these: as many of each place as there is room for, from those that wait longest.
pub(super) fn longest_waiting(mut jobs: Vec<JobStatus>, most: usize) -> Vec<JobStatus> {
    if jobs.len() > most {
        // Those that run wait for nothing.
        jobs.retain(|job| job.place != JobPhase::Running);
        let mut by_age: Vec<_> = jobs.iter().map(|job| (job.since, job.job)).collect();
        by_age.sort_unstable();
        if let Some(&first_left_out) = by_age.get(most) {
            jobs.retain(|job| (job.since, job.job) < first_left_out);
        }
    }
    jobs
}

fn queued(waiting: &WaitingJob<'_>) -> JobStatus {
    JobStatus {
        profile: waiting.profile.map(|profile| profile.name.clone()),
        task: waiting.task.map(|task| task.id.to_string()),
        waits_for: Some(waiting.reason.to_string()),
        ..at(place(&waiting.reason), waiting.id, waiting.job)
    }
}

fn place(why: &WaitReason) -> JobPhase {
    match why {
        WaitReason::NoProfile | WaitReason::Group(_) | WaitReason::Failing(_) => JobPhase::Unserved,
        WaitReason::Poisoned(_) | WaitReason::Requested => JobPhase::Requested,
        WaitReason::NoNodes { .. }
        | WaitReason::PoolUnread { .. }
        | WaitReason::Growing { .. }
        | WaitReason::Full { .. } => JobPhase::WaitingForNode,
        WaitReason::Starting { .. } | WaitReason::Offline { .. } => JobPhase::Starting,
        WaitReason::NotAssigned => JobPhase::WaitingForGithub,
    }
}

fn gated(id: u64, job: &ListedJob, rules: &Rules) -> Option<JobStatus> {
    let profile = match match_profile(&job.job.labels, &rules.policy.profiles) {
        Match::Profile(profile) => Some(profile.name.clone()),
        Match::Unserved { .. } => None,
        Match::GithubHosted | Match::NoLabels => return None,
    };
    let waits_for = Some(GATE.to_owned());
    let allowed = rules.policy.allowed.allow(&job.repository);
    allowed.then(|| JobStatus { profile, waits_for, ..at(JobPhase::Gated, id, job) })
}

fn running(id: u64, job: &ListedJob, rules: &Rules) -> Option<JobStatus> {
    let task = rules.deployment.parse_task(job.job.runner.as_ref()?)?;
    let profile = match match_profile(&job.job.labels, &rules.policy.profiles) {
        Match::Profile(profile) => Some(profile.name.clone()),
        _ => None,
    };
    Some(JobStatus { profile, task: Some(task.to_string()), ..at(JobPhase::Running, id, job) })
}

fn at(place: JobPhase, id: u64, job: &ListedJob) -> JobStatus {
    JobStatus {
        job: id,
        run: job.job.run,
        repository: job.repository.clone(),
        labels: job.job.labels.clone(),
        place,
        since: job.created_at,
        profile: None,
        task: None,
        waits_for: None,
    }
}
