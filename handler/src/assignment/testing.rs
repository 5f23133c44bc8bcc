//! Short notations for the tests of this module.

use super::{AssignmentGraph, ChainRules, Job};
use crate::profiles::{Profile, default_profiles};
use crate::repository::{AllowedRepositories, Repository};
use crate::scope::Scope;
use crate::task::{DeploymentName, TaskId};

/// Reads the name of a task of the deployment `gh`.
pub(super) fn gh(task: &str) -> TaskId {
    deployment().parse_task(task).expect("a name of this deployment")
}

pub(super) fn deployment() -> DeploymentName {
    "gh".parse().expect("a name")
}

pub(super) fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

/// Returns the default profile for Ubuntu 24.04.
pub(super) fn ubuntu() -> Profile {
    default_profiles("ubuntu", "windows").swap_remove(0)
}

/// Reads a job of the form `queued linux` or `in_progress @gh-2`: a status, labels, and the runner behind an `@`.
pub(super) fn job(text: &str) -> Job {
    let mut words = text.split(' ');
    let status = words.next().unwrap_or_default().to_owned();
    let (runners, labels): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('@'));
    Job {
        run: 45,
        status,
        runner: runners.first().map(|runner| runner[1..].to_owned()),
        labels: std::iter::once("self-hosted").chain(labels).map(str::to_owned).collect(),
    }
}

/// Creates a graph that knows these jobs, and that each of their runners has a task.
pub(super) fn graph(jobs: &[(u64, &str)]) -> AssignmentGraph {
    let jobs: Vec<_> = jobs.iter().map(|&(id, text)| (id, "octo/app", text)).collect();
    graph_in(Scope::Repository, &jobs)
}

/// Creates a graph for runners at one level of GitHub that knows these jobs, each with its repository. Those of `octo`
/// are allowed.
pub(super) fn graph_in(scope: Scope, jobs: &[(u64, &str, &str)]) -> AssignmentGraph {
    let allowed = AllowedRepositories::parse("octo/*").expect("a pattern");
    let mut graph = AssignmentGraph::new(ChainRules { deployment: deployment(), scope, allowed });
    for &(id, repository, text) in jobs {
        let job = job(text);
        graph.learn(id, &Repository::try_from(repository).expect("a name"), &job);
        let runner = job.runner.and_then(|name| deployment().parse_task(&name));
        runner.into_iter().for_each(|task| graph.learn_task(&task, true));
    }
    graph
}
