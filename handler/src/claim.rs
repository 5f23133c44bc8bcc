//! Decides whether a starting runner is still needed, and by which job.
//!
//! GitHub matches runners to jobs by labels alone, so the runner made for job J may have been given K's job,
//! and K's runner J's. A runner therefore asks after its own job first, and where another runner of
//! ours has taken that, after the job that the other was made for: the walk. It ends at a job that waits,
//! or at proof that none does.
//!
//! **A fact that is missing never ends a claim**: "gone" is said only where GitHub has said so.

use crate::profiles::Profile;
use crate::task::{DeploymentName, TaskId};

/// A workflow job as GitHub shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenJob {
    /// The run that it belongs to.
    pub run: u64,
    /// `queued`, `in_progress`, `completed`, `waiting`, `requested`, `pending`, or a new one.
    pub status: String,
    /// The runner that took it. Without one GitHub says null or an empty name.
    pub runner: Option<String>,
    /// What it asks for.
    pub labels: Vec<String>,
}

/// What a look at one job says to the runner that claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The job waits for a runner like this one: mint.
    Serve,
    /// The job waits, but this runner's labels do not fit: another runner must be asked for.
    Replace,
    /// Nobody needs this runner.
    NotNeeded(NotNeeded),
    /// The job runs, or ran, on our runner of this name, which was made for another job: ask after that one.
    Ask(TaskId),
    /// GitHub's answer does not say enough; the runner must ask again.
    Undetermined,
}

/// Why nobody needs a runner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotNeeded {
    /// The job ended without a runner: it was cancelled or skipped.
    Cancelled,
    /// The job runs, or ran, on a runner that is not ours.
    Foreign,
    /// The job runs, or ran, on this runner, or on another that was made for it, or for a job on the way here:
    /// the way goes round, over jobs that all have their runners.
    Served,
    /// The job waits behind a gate; when it may run, GitHub says `queued` again.
    Gated,
}

impl NotNeeded {
    /// Tells the reason in the words of the answer.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Cancelled => "the job ended without a runner",
            Self::Foreign => "the job has a runner that is not ours",
            Self::Served => "the job has its runner",
            Self::Gated => "the job waits behind a gate",
        }
    }
}

/// Decides what a look at a job says to the runner `own`, which is of `profile`. The walk has led over the jobs
/// that the tasks on its `path` were made for, of which the last is this one.
pub fn step(
    own: &TaskId,
    profile: &Profile,
    deployment: &DeploymentName,
    path: &[TaskId],
    job: &SeenJob,
) -> Step {
    match job.status.as_str() {
        "queued" if profile.serves(&job.labels) => Step::Serve,
        "queued" => Step::Replace,
        "waiting" | "pending" | "requested" => Step::NotNeeded(NotNeeded::Gated),
        "in_progress" | "completed" => match job.runner.as_deref() {
            Some(runner) => taken(own, deployment, path, runner),
            None if job.status == "completed" => Step::NotNeeded(NotNeeded::Cancelled),
            None => Step::Undetermined,
        },
        _ => Step::Undetermined,
    }
}

fn taken(own: &TaskId, deployment: &DeploymentName, path: &[TaskId], runner: &str) -> Step {
    let passed = |job: u64| path.iter().any(|made_for| made_for.job == job);
    match deployment.parse_task(runner) {
        None => Step::NotNeeded(NotNeeded::Foreign),
        Some(thief) if thief == *own || passed(thief.job) => Step::NotNeeded(NotNeeded::Served),
        Some(thief) => Step::Ask(thief),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::default_profiles;

    #[track_caller]
    fn check(asked: u64, status: &str, runner: Option<&str>, labels: &[&str], expect: Step) {
        let deployment: DeploymentName = "gh".parse().expect("a name");
        let own = deployment.task(1, 1);
        let profile = &default_profiles("ubuntu", "windows")[0];
        let job = SeenJob {
            run: 45,
            status: status.to_owned(),
            runner: runner.map(str::to_owned),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
        };
        let path = [7, 8, asked].map(|job| deployment.task(job, 1));
        assert_eq!(step(&own, profile, &deployment, &path, &job), expect, "{job:?}");
    }

    const LINUX: &[&str] = &["self-hosted", "linux"];

    #[test]
    fn a_waiting_job_is_served() {
        check(1, "queued", None, LINUX, Step::Serve);
    }

    #[test]
    fn a_job_that_needs_no_runner_sends_it_home() {
        check(1, "completed", None, LINUX, Step::NotNeeded(NotNeeded::Cancelled));
        check(
            1,
            "in_progress",
            Some("GitHub Actions 5"),
            LINUX,
            Step::NotNeeded(NotNeeded::Foreign),
        );
        check(1, "in_progress", Some("gh-1"), LINUX, Step::NotNeeded(NotNeeded::Served));
        check(1, "completed", Some("gh-1-2"), LINUX, Step::NotNeeded(NotNeeded::Served));
        for gated in ["waiting", "pending", "requested"] {
            check(1, gated, None, LINUX, Step::NotNeeded(NotNeeded::Gated));
        }
    }

    #[test]
    fn a_runner_whose_job_was_taken_owes_itself_to_the_takers_job() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        check(1, "in_progress", Some("gh-2"), LINUX, Step::Ask(gh.task(2, 1)));
        check(1, "completed", Some("gh-2-3"), LINUX, Step::Ask(gh.task(2, 3)));
        check(2, "in_progress", Some("gh-1"), LINUX, Step::NotNeeded(NotNeeded::Served));
    }

    /// Replacements make such ways: one job's first runner has served a third job, and its second one the job
    /// whose second runner has served it.
    #[test]
    fn a_walk_that_goes_round_finds_no_demand() {
        check(2, "in_progress", Some("gh-7-2"), LINUX, Step::NotNeeded(NotNeeded::Served));
    }

    #[test]
    fn a_walk_that_ends_at_a_job_with_other_labels_asks_for_another_runner() {
        check(2, "queued", None, &["self-hosted", "windows"], Step::Replace);
    }

    #[test]
    fn a_missing_fact_ends_nothing() {
        check(1, "in_progress", None, LINUX, Step::Undetermined);
        check(1, "paused", None, LINUX, Step::Undetermined);
    }
}
