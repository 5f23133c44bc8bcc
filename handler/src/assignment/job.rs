//! Workflow jobs, as far as the assignment of runners depends on them.

use chrono::{DateTime, Utc};

use crate::repository::Repository;
use crate::task::{DeploymentName, TaskId};

/// A workflow job as GitHub shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The run that it belongs to.
    pub run: u64,
    /// `queued`, `in_progress`, `completed`, `waiting`, `requested`, `pending`, or a status added later.
    pub status: String,
    /// The name of the runner that it was assigned to. Without a runner GitHub sends null or an empty name.
    pub runner: Option<String>,
    /// The labels of `runs-on`.
    pub labels: Vec<String>,
}

impl Job {
    /// Returns whether GitHub has assigned the job to a runner; a job never changes its runner.
    pub fn has_runner(&self) -> bool {
        matches!(self.status.as_str(), "in_progress" | "completed") && self.runner.is_some()
    }
}

/// A workflow job with the facts that only a list of jobs provides.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedJob {
    /// The repository of its workflow.
    pub repository: Repository,
    /// When it was created. A job behind a gate is created before it may run.
    pub created_at: DateTime<Utc>,
    /// When it completed.
    pub ended_at: Option<DateTime<Utc>>,
    /// The id of the runner that it was assigned to, if GitHub shows it.
    pub runner_id: Option<u64>,
    /// Its status, runner and labels.
    pub job: Job,
    /// What no decision depends on.
    pub details: JobDetails,
}

/// The facts about a job that are only shown and recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDetails {
    /// The name of its workflow.
    pub workflow: Option<Box<str>>,
    /// When it started. In a job that has no runner yet, GitHub shows the time of its creation.
    pub started_at: Option<DateTime<Utc>>,
    /// `success`, `failure`, `cancelled` … once it has ended.
    pub conclusion: Option<Box<str>>,
}

/// The meaning of a job's status and runner for the assignment chains that reach it.
#[derive(Clone, Debug, PartialEq)]
pub enum JobState {
    /// It waits for a runner.
    Queued(QueuedJob),
    /// It waits for an approval or a concurrency group. When it may run, GitHub sends `queued` again.
    Gated,
    /// It runs, or ran, on the runner of this task.
    Assigned(TaskId),
    /// It runs, or ran, on a runner that is not of this deployment.
    AssignedElsewhere,
    /// It ended without a runner: it was cancelled or skipped.
    EndedWithoutRunner,
    /// GitHub has deleted it, or its run.
    Deleted,
    /// GitHub's answer does not say enough: `in_progress` without a runner, or a status that is unknown.
    Undetermined {
        /// The status.
        status: String,
    },
}

/// A job that waits for a runner.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedJob {
    /// The run that it belongs to.
    pub run: u64,
    /// The repository of its workflow.
    pub repository: Repository,
    /// The labels of `runs-on`.
    pub labels: Vec<String>,
}

impl JobState {
    /// Interprets the status and the runner of a job of `repository`, for the runners of `deployment`.
    pub(super) fn of(job: &Job, repository: &Repository, deployment: &DeploymentName) -> Self {
        match (job.status.as_str(), job.runner.as_deref()) {
            ("queued", _) => Self::Queued(QueuedJob {
                run: job.run,
                repository: repository.clone(),
                labels: job.labels.clone(),
            }),
            ("waiting" | "pending" | "requested", _) => Self::Gated,
            ("in_progress" | "completed", Some(runner)) => {
                deployment.parse_task(runner).map_or(Self::AssignedElsewhere, Self::Assigned)
            }
            ("completed", None) => Self::EndedWithoutRunner,
            (status, _) => Self::Undetermined { status: status.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: &str, runner: Option<&str>, expected: &JobState) {
        let deployment: DeploymentName = "gh".parse().expect("a name");
        let repository = Repository::try_from("octo/app").expect("a name");
        let job = Job {
            run: 45,
            status: status.to_owned(),
            runner: runner.map(str::to_owned),
            labels: vec!["linux".to_owned()],
        };
        assert_eq!(JobState::of(&job, &repository, &deployment), *expected, "{job:?}");
    }

    #[test]
    fn status_and_runner_determine_the_state() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        let queued = JobState::Queued(QueuedJob {
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            labels: vec!["linux".to_owned()],
        });
        check("queued", None, &queued);
        for gated in ["waiting", "pending", "requested"] {
            check(gated, None, &JobState::Gated);
        }
        check("in_progress", Some("gh-2"), &JobState::Assigned(gh.task(2, 1)));
        check("completed", Some("gh-2-3"), &JobState::Assigned(gh.task(2, 3)));
        check("in_progress", Some("GitHub Actions 5"), &JobState::AssignedElsewhere);
        check("completed", None, &JobState::EndedWithoutRunner);
    }

    #[test]
    fn an_incomplete_or_unknown_answer_determines_nothing() {
        for status in ["in_progress", "paused"] {
            check(status, None, &JobState::Undetermined { status: status.to_owned() });
        }
    }
}
