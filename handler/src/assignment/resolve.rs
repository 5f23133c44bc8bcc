//! Follows the assignment chain of one task.

use super::{AssignmentGraph, Fact, JobState};
use crate::profiles::Profile;
use crate::task::TaskId;

/// The result of an assignment chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution {
    /// This job is queued, and the runner's labels fit.
    Needed(u64),
    /// This job is queued, and needs a runner with other labels. A task requests that runner when it claims; a
    /// runner that is registered already never claims again.
    LabelMismatch(u64),
    /// No job needs the runner.
    NotNeeded(NotNeeded),
    /// GitHub's answer about this job does not say enough.
    Undetermined {
        /// The job.
        job: u64,
        /// Its status.
        status: String,
    },
    /// A fact is missing.
    Missing(Fact),
}

/// Why no job needs a runner.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NotNeeded {
    /// The job was cancelled or skipped.
    #[error("the job ended without a runner")]
    EndedWithoutRunner,
    /// The job runs, or ran, on a runner that is not of this deployment.
    #[error("the job was assigned to a runner outside this deployment")]
    AssignedElsewhere,
    /// The job runs, or ran, on this runner, or on another runner made for it or for an earlier job of the chain:
    /// the chain is a cycle, and every job on it has its runner.
    #[error("the job already has a runner")]
    Served,
    /// The job waits behind a gate; when it may run, GitHub sends `queued` again.
    #[error("the job waits for an approval or a concurrency group")]
    Gated,
    /// The job waits, and its repository is not, or no longer, one of those that are served.
    #[error("setting AllowedRepositories does not allow the repository of the job")]
    NotAllowed,
    /// The job waits, and its repository is public, which is not served.
    #[error(
        "setting AllowPublicRepositories does not allow the repository of the job, which is public"
    )]
    Public,
    /// GitHub has deleted the job or its run.
    #[error("the job or its run was deleted")]
    Deleted,
    /// The job waits, and another live task covers it.
    #[error("another task is live for the job")]
    Covered,
}

/// The assignment chain of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignmentChain {
    tasks: Vec<TaskId>,
    resolution: Resolution,
}

impl AssignmentChain {
    /// Follows the chain of `task`, whose runner has the labels of `runner`, as far as the graph knows.
    pub fn follow(graph: &AssignmentGraph, task: &TaskId, runner: &Profile) -> Self {
        let mut tasks = Vec::new();
        let mut next = task.clone();
        // This ends: no job occurs twice in a chain.
        loop {
            let job = next.job;
            tasks.push(next);
            let resolution = match graph.state(job) {
                None => Resolution::Missing(Fact::Job(tasks[tasks.len() - 1].clone())),
                Some(JobState::Queued(queued)) if !graph.allows(&queued.repository) => {
                    Resolution::NotNeeded(NotNeeded::NotAllowed)
                }
                Some(JobState::Queued(queued)) if graph.is_public(&queued.repository) => {
                    Resolution::NotNeeded(NotNeeded::Public)
                }
                Some(JobState::Queued(queued)) if runner.serves(&queued.labels) => {
                    Resolution::Needed(job)
                }
                Some(JobState::Queued(_)) => Resolution::LabelMismatch(job),
                Some(JobState::Gated) => Resolution::NotNeeded(NotNeeded::Gated),
                Some(JobState::AssignedElsewhere) => {
                    Resolution::NotNeeded(NotNeeded::AssignedElsewhere)
                }
                Some(JobState::EndedWithoutRunner) => {
                    Resolution::NotNeeded(NotNeeded::EndedWithoutRunner)
                }
                Some(JobState::Deleted) => Resolution::NotNeeded(NotNeeded::Deleted),
                Some(JobState::Undetermined { status }) => {
                    Resolution::Undetermined { job, status: status.clone() }
                }
                Some(JobState::Assigned(runner)) => match graph.may_have_started(runner) {
                    _ if tasks.iter().any(|passed| passed.job == runner.job) => {
                        Resolution::NotNeeded(NotNeeded::Served)
                    }
                    Some(_) => {
                        next = runner.clone();
                        continue;
                    }
                    None => Resolution::Missing(Fact::Task(runner.clone())),
                },
            };
            return Self { tasks, resolution };
        }
    }

    /// Returns the tasks of the chain: first the task that it begins with, last the task that was made for the job
    /// that it resolves to.
    pub fn tasks(&self) -> &[TaskId] {
        &self.tasks
    }

    /// Returns the resolution of the chain.
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// Returns the replacement number of the last task: the next runner for the job has a higher one.
    pub fn last_replacement(&self) -> u32 {
        self.tasks.last().map_or(0, |task| task.replacement)
    }
}

/// Returns the resolution of the assignment chain of `task`, as far as the graph knows.
pub fn resolve(graph: &AssignmentGraph, task: &TaskId, runner: &Profile) -> Resolution {
    AssignmentChain::follow(graph, task, runner).resolution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::testing;
    use crate::assignment::testing::{gh, graph, graph_in, ubuntu};
    use crate::repository::Repository;
    use crate::scope::Scope;

    /// Checks the resolution of the chain of `gh-1`, a runner for Ubuntu 24.04.
    #[track_caller]
    fn check(jobs: &[(u64, &str)], expected: &Resolution) {
        assert_eq!(resolve(&graph(jobs), &gh("gh-1"), &ubuntu()), *expected, "{jobs:?}");
    }

    fn not_needed(reason: NotNeeded) -> Resolution {
        Resolution::NotNeeded(reason)
    }

    #[test]
    fn a_queued_job_with_fitting_labels_needs_the_runner() {
        check(&[(1, "queued linux")], &Resolution::Needed(1));
    }

    #[test]
    fn a_queued_job_with_other_labels_is_a_label_mismatch() {
        check(&[(1, "queued windows")], &Resolution::LabelMismatch(1));
    }

    #[test]
    fn a_job_that_needs_no_runner_says_why() {
        check(&[(1, "completed")], &not_needed(NotNeeded::EndedWithoutRunner));
        check(&[(1, "waiting")], &not_needed(NotNeeded::Gated));
        check(&[(1, "in_progress @GitHub-5")], &not_needed(NotNeeded::AssignedElsewhere));
    }

    #[test]
    fn a_job_on_its_own_runner_is_served() {
        check(&[(1, "in_progress @gh-1")], &not_needed(NotNeeded::Served));
        check(&[(1, "completed @gh-1")], &not_needed(NotNeeded::Served));
    }

    #[test]
    fn a_job_on_its_replacement_is_served() {
        check(&[(1, "completed @gh-1-2")], &not_needed(NotNeeded::Served));
    }

    #[test]
    fn a_chain_goes_on_at_the_job_of_the_assigned_runner() {
        check(&[(1, "in_progress @gh-2"), (2, "queued linux")], &Resolution::Needed(2));
        check(&[(1, "completed @gh-2-3"), (2, "queued windows")], &Resolution::LabelMismatch(2));
        let two_steps = [(1, "completed @gh-2"), (2, "completed @gh-3"), (3, "queued linux")];
        check(&two_steps, &Resolution::Needed(3));
    }

    #[test]
    fn two_runners_that_exchanged_their_jobs_are_served() {
        let exchanged = [(1, "in_progress @gh-2"), (2, "in_progress @gh-1")];
        check(&exchanged, &not_needed(NotNeeded::Served));
    }

    /// Replacements make such chains: the first runner of job 2 has served job 1, and the second runner of job 2 serves
    /// job 3, whose runner serves job 2.
    #[test]
    fn a_chain_that_is_a_cycle_finds_no_demand() {
        let cycle = [(1, "completed @gh-2"), (2, "completed @gh-3"), (3, "in_progress @gh-2-2")];
        check(&cycle, &not_needed(NotNeeded::Served));
    }

    #[test]
    fn an_undetermined_job_resolves_to_nothing() {
        let undetermined = |job, status: &str| {
            let status = status.to_owned();
            Resolution::Undetermined { job, status }
        };
        check(&[(1, "in_progress")], &undetermined(1, "in_progress"));
        check(&[(1, "in_progress @gh-2"), (2, "paused")], &undetermined(2, "paused"));
    }

    #[test]
    fn a_job_that_is_not_known_is_a_missing_fact() {
        check(&[], &Resolution::Missing(Fact::Job(gh("gh-1"))));
        check(&[(1, "completed @gh-2-3")], &Resolution::Missing(Fact::Job(gh("gh-2-3"))));
    }

    /// A person can name a runner like one of this deployment. Only a task in Batch makes it one.
    #[test]
    fn a_chain_ends_at_a_runner_without_a_task() {
        let mut graph = graph(&[(1, "in_progress @gh-7"), (7, "queued linux")]);
        let resolved = |graph: &_| resolve(graph, &gh("gh-1"), &ubuntu());
        assert_eq!(resolved(&graph), Resolution::Needed(7));
        graph.learn_task(&gh("gh-7"), false);
        assert_eq!(resolved(&graph), not_needed(NotNeeded::AssignedElsewhere));
        // Whether the task of this name exists says nothing about a replacement.
        graph.learn(1, &testing::repository(), &testing::job("completed @gh-7-2"));
        assert_eq!(resolved(&graph), Resolution::Missing(Fact::Task(gh("gh-7-2"))));
    }

    /// The second job was read after the repository had been renamed.
    #[test]
    fn a_chain_continues_in_a_renamed_repository() {
        let jobs = [(1, "octo/app", "completed @gh-2"), (2, "octo/shop", "queued linux")];
        let mut graph = graph_in(Scope::Repository, &jobs);
        let resolved = |graph: &_| resolve(graph, &gh("gh-1"), &ubuntu());
        assert_eq!(resolved(&graph), not_needed(NotNeeded::AssignedElsewhere));
        let present = graph.repository(2).cloned().expect("it is known");
        graph.rename(&testing::repository(), &present);
        assert_eq!(resolved(&graph), Resolution::Needed(2));
    }

    #[test]
    fn a_deleted_job_needs_no_runner_until_it_is_seen() {
        let mut graph = graph(&[(2, "queued linux"), (3, "in_progress @gh-1")]);
        graph.learn_deleted(1);
        graph.learn_deleted(2);
        let resolved = |task: &str| resolve(&graph, &gh(task), &ubuntu());
        assert_eq!(resolved("gh-1"), not_needed(NotNeeded::Deleted));
        assert_eq!(resolved("gh-2"), Resolution::Needed(2));
        assert_eq!(resolved("gh-3"), not_needed(NotNeeded::Deleted));
    }

    #[test]
    fn a_job_of_a_public_repository_needs_no_runner() {
        let mut graph = graph(&[(1, "queued linux"), (2, "in_progress @gh-2")]);
        graph.learn_public(&Repository::try_from("Octo/APP").expect("a name"));
        assert_eq!(resolve(&graph, &gh("gh-1"), &ubuntu()), not_needed(NotNeeded::Public));
        assert_eq!(resolve(&graph, &gh("gh-2"), &ubuntu()), not_needed(NotNeeded::Served));
    }

    #[test]
    fn a_job_of_a_repository_that_is_not_allowed_needs_no_runner() {
        let jobs = [(1, "corp/app", "queued linux")];
        let resolution = resolve(&graph_in(Scope::Repository, &jobs), &gh("gh-1"), &ubuntu());
        assert_eq!(resolution, not_needed(NotNeeded::NotAllowed));
    }

    /// A person who may register runners in one repository can name one like a runner of this deployment.
    #[test]
    fn a_chain_does_not_follow_a_name_to_where_the_runner_cannot_be() {
        let resolved = |scope: Scope, other: &str| {
            let jobs = [(1, "octo/app", "in_progress @gh-2"), (2, other, "queued linux")];
            resolve(&graph_in(scope, &jobs), &gh("gh-1"), &ubuntu())
        };
        let elsewhere = not_needed(NotNeeded::AssignedElsewhere);
        assert_eq!(resolved(Scope::Repository, "octo/App"), Resolution::Needed(2));
        assert_eq!(resolved(Scope::Repository, "octo/site"), elsewhere);
        assert_eq!(resolved(Scope::Organization, "octo/site"), Resolution::Needed(2));
        assert_eq!(resolved(Scope::Organization, "corp/site"), elsewhere);
        let enterprise = Scope::Enterprise("e".to_owned());
        assert_eq!(resolved(enterprise, "corp/site"), not_needed(NotNeeded::NotAllowed));
    }

    #[test]
    fn a_chain_lists_its_tasks_and_the_last_replacement() {
        let jobs = [(1, "completed @gh-2-3"), (2, "queued linux")];
        let chain = AssignmentChain::follow(&graph(&jobs), &gh("gh-1"), &ubuntu());
        assert_eq!(chain.tasks(), [gh("gh-1"), gh("gh-2-3")]);
        assert_eq!(chain.last_replacement(), 3);
    }
}
