//! Decides about the claim of a starting runner.

use std::borrow::Cow;

use super::{
    AssignmentChain, AssignmentGraph, Candidate, Conflict, Coverage, Fact, NotNeeded, Resolution,
};

/// The decision about a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Register the runner, and send its configuration.
    Mint,
    /// Reject the claim, and request another runner for this job: with other labels, or with another name.
    RequestReplacement(u64),
    /// Reject the claim: no job needs the runner.
    NotNeeded(NotNeeded),
    /// Have the runner claim again later.
    Retry(Retry),
    /// Fetch a fact, and decide again.
    Missing(Fact),
}

/// The decision about another runner in place of a runner that cannot serve the job that its chain resolves to.
#[derive(Clone, Debug, PartialEq)]
pub enum Replacement {
    /// Request a runner for this job.
    Request(u64),
    /// No job needs another runner.
    NotNeeded(NotNeeded),
    /// Nothing can be decided now.
    Retry(Retry),
    /// Fetch a fact, and decide again.
    Missing(Fact),
}

/// Why a runner has to claim again later.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Retry {
    /// GitHub's answer about the job does not say enough.
    #[error("job {job} is {status} without a runner")]
    Undetermined {
        /// The job.
        job: u64,
        /// Its status.
        status: String,
    },
    /// A runner of the same name is connected and has no job yet.
    #[error("a runner of the same name is online and waits for a job")]
    NameInUse,
}

/// Decides about the claim of a runner, given its assignment chain, and the conflict that its registration met, if it
/// was tried.
///
/// A foreign runner of this name may stay for ever, so another runner is requested, which has another name.
///
/// Two tasks whose chains resolve to the same job may both be minted: after a duplicate event, or when one of them
/// waited behind a full pool. Rejected: an order among such tasks. It costs several requests for each claim of a
/// replacement, and it cannot order claims that are made within the same second. Without it, simulations with many
/// faults started two runners that no job needed in 68,353 jobs; reconciliation removes such a runner once it has
/// been idle.
pub fn decide(
    graph: &AssignmentGraph,
    chain: &AssignmentChain,
    conflict: Option<Conflict>,
) -> Claim {
    match (chain.resolution(), conflict) {
        (Resolution::Needed(_), None | Some(Conflict::Unused)) => Claim::Mint,
        (Resolution::Needed(_), Some(Conflict::Busy)) => Claim::NotNeeded(NotNeeded::Served),
        (Resolution::Needed(_), Some(Conflict::Idle)) => Claim::Retry(Retry::NameInUse),
        _ => match decide_replacement(graph, chain) {
            Replacement::Request(job) => Claim::RequestReplacement(job),
            Replacement::NotNeeded(reason) => Claim::NotNeeded(reason),
            Replacement::Retry(reason) => Claim::Retry(reason),
            Replacement::Missing(fact) => Claim::Missing(fact),
        },
    }
}

/// Decides whether another runner is requested in place of a runner that cannot serve the job that its chain resolves
/// to: its labels do not fit, its name is in use, or it has been assigned to another job. A job that another live task
/// covers needs none.
pub fn decide_replacement(graph: &AssignmentGraph, chain: &AssignmentChain) -> Replacement {
    match chain.resolution() {
        Resolution::Needed(job) | Resolution::LabelMismatch(job) => {
            match is_covered_by_others(graph, chain, *job) {
                Some(true) => Replacement::NotNeeded(NotNeeded::Covered),
                Some(false) => Replacement::Request(*job),
                None => Replacement::Missing(Fact::LiveTasks),
            }
        }
        Resolution::NotNeeded(reason) => Replacement::NotNeeded(*reason),
        Resolution::Undetermined { job, status } => {
            Replacement::Retry(Retry::Undetermined { job: *job, status: status.clone() })
        }
        Resolution::Missing(fact) => Replacement::Missing(fact.clone()),
    }
}

/// Returns whether a live task that is not on the chain covers the job; `None` if the live tasks are not known.
fn is_covered_by_others(
    graph: &AssignmentGraph,
    chain: &AssignmentChain,
    job: u64,
) -> Option<bool> {
    let others = graph.live_tasks()?.iter().filter(|task| !chain.tasks().contains(&task.id));
    let candidates = others.map(|task| Candidate {
        task,
        id: &task.id,
        runner: task.runner.as_ref().map(Cow::Borrowed),
        readiness: task.readiness,
    });
    Some(Coverage::of(graph, candidates).covering(job).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::testing::{gh, graph, ubuntu};
    use crate::assignment::{LiveTask, Readiness};

    const MISMATCH: &[(u64, &str)] = &[(1, "in_progress @gh-2"), (2, "queued windows")];

    /// Checks the decision about the claim of `gh-1`, a runner for Ubuntu 24.04.
    #[track_caller]
    fn check(graph: &AssignmentGraph, conflict: Option<Conflict>, expected: &Claim) {
        let chain = AssignmentChain::follow(graph, &gh("gh-1"), &ubuntu());
        assert_eq!(decide(graph, &chain, conflict), *expected, "{graph:?} {conflict:?}");
    }

    fn with_live(jobs: &[(u64, &str)], tasks: &[(&str, Readiness)]) -> AssignmentGraph {
        let mut graph = graph(jobs);
        let live = |&(task, readiness): &(&str, Readiness)| {
            let windows = crate::profiles::default_profiles("ubuntu", "windows");
            let windows = windows.into_iter().find(|one| one.name == "windows");
            let runner = if task.starts_with("gh-3") { Some(ubuntu()) } else { windows };
            LiveTask { id: gh(task), runner, readiness }
        };
        graph.learn_live_tasks(tasks.iter().map(live));
        graph
    }

    #[test]
    fn a_needed_runner_is_minted_unless_its_name_is_in_use() {
        let needed = graph(&[(1, "in_progress @gh-2"), (2, "queued linux")]);
        check(&needed, None, &Claim::Mint);
        check(&needed, Some(Conflict::Busy), &Claim::NotNeeded(NotNeeded::Served));
        check(&needed, Some(Conflict::Idle), &Claim::Retry(Retry::NameInUse));
        check(&needed, Some(Conflict::Unused), &Claim::Mint);
    }

    #[test]
    fn a_runner_with_the_name_of_a_foreign_one_is_replaced() {
        let jobs = [(1, "in_progress @gh-3"), (3, "queued linux")];
        let foreign = Some(Conflict::Foreign);
        check(&graph(&jobs), foreign, &Claim::Missing(Fact::LiveTasks));
        check(&with_live(&jobs, &[]), foreign, &Claim::RequestReplacement(3));
        let covered = with_live(&jobs, &[("gh-3-2", Readiness::Free)]);
        check(&covered, foreign, &Claim::NotNeeded(NotNeeded::Covered));
    }

    #[test]
    fn a_task_that_was_added_after_the_list_covers_its_job() {
        let mut graph = with_live(&[(1, "in_progress @gh-3"), (3, "queued linux")], &[]);
        let chain = AssignmentChain::follow(&graph, &gh("gh-1"), &ubuntu());
        assert_eq!(decide_replacement(&graph, &chain), Replacement::Request(3));
        let task =
            LiveTask { id: gh("gh-3-2"), runner: Some(ubuntu()), readiness: Readiness::Free };
        graph.learn_live_task(task);
        assert_eq!(decide_replacement(&graph, &chain), Replacement::NotNeeded(NotNeeded::Covered));
    }

    #[test]
    fn a_runner_that_no_job_needs_is_rejected() {
        let rejected = |job, reason| check(&graph(&[(1, job)]), None, &Claim::NotNeeded(reason));
        rejected("completed", NotNeeded::EndedWithoutRunner);
        rejected("in_progress @other", NotNeeded::AssignedElsewhere);
        rejected("in_progress @gh-1", NotNeeded::Served);
        rejected("waiting", NotNeeded::Gated);
    }

    #[test]
    fn a_missing_or_undetermined_fact_never_ends_a_claim() {
        check(&graph(&[]), None, &Claim::Missing(Fact::Job(gh("gh-1"))));
        let retry = Retry::Undetermined { job: 1, status: "in_progress".to_owned() };
        check(&graph(&[(1, "in_progress")]), None, &Claim::Retry(retry));
    }

    #[test]
    fn a_label_mismatch_requests_a_replacement() {
        check(&graph(MISMATCH), None, &Claim::Missing(Fact::LiveTasks));
        check(&with_live(MISMATCH, &[]), None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn the_tasks_of_the_chain_do_not_cover_its_job() {
        let chain = [("gh-1", Readiness::Claiming), ("gh-2", Readiness::Claiming)];
        check(&with_live(MISMATCH, &chain), None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn a_job_that_another_live_task_covers_gets_no_replacement() {
        let covered = Claim::NotNeeded(NotNeeded::Covered);
        check(&with_live(MISMATCH, &[("gh-2-2", Readiness::Free)]), None, &covered);
        let closed = [("gh-2-2", Readiness::Unavailable)];
        check(&with_live(MISMATCH, &closed), None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn a_task_covers_the_job_that_its_chain_resolves_to() {
        let jobs = [MISMATCH, &[(3, "completed @gh-2-2")]].concat();
        let claiming = with_live(&jobs, &[("gh-3", Readiness::Claiming)]);
        check(&claiming, None, &Claim::NotNeeded(NotNeeded::Covered));
        // Its labels do not fit either, and its own pool may be full for hours.
        let waiting = with_live(&jobs, &[("gh-3", Readiness::Free)]);
        check(&waiting, None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn a_runner_that_has_a_job_covers_no_other() {
        let jobs = [MISMATCH, &[(4, "in_progress @gh-2-2")]].concat();
        let busy = with_live(&jobs, &[("gh-2-2", Readiness::Claiming)]);
        check(&busy, None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn a_reassigned_runner_is_replaced_even_if_its_labels_fit() {
        let needed = with_live(&[(1, "queued linux")], &[]);
        let chain = AssignmentChain::follow(&needed, &gh("gh-1"), &ubuntu());
        assert_eq!(decide_replacement(&needed, &chain), Replacement::Request(1));
    }
}
