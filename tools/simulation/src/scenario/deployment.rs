//! Describes what a storm goes over: deployments, their repositories and pools.

use handler::task::{DeploymentName, TaskId};
use serde::{Deserialize, Serialize};

/// A deployment of the handler, with a Batch account and a storage account of its own.
///
/// It has the default profiles: `ubuntu` and `ubuntu-2204` on the pool `ubuntu`, `windows` and
/// `windows-2019` on the pool `windows`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Setting `DeploymentName`.
    pub name: String,
    /// Where its runners register.
    pub level: Level,
    /// The repositories that it serves: setting `AllowedRepositories`.
    pub repositories: Vec<String>,
    /// Repositories that its runner group is opened to at times although it does not serve them: its runners
    /// refuse their jobs.
    #[serde(default)]
    pub neighbours: Vec<String>,
    /// Its pools.
    pub pools: Vec<Pool>,
    /// Setting `MaxJobHours`.
    pub max_job_hours: u32,
}

impl Deployment {
    /// Reads the name of a task or runner; `None` where it is not one of this deployment.
    pub fn read(&self, name: &str) -> Option<TaskId> {
        self.name.parse::<DeploymentName>().ok()?.read(name)
    }
}

/// Where runners register.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// With each repository.
    Repository,
    /// With the organization, in a group that has the deployment's name and is open to its repositories.
    Organization,
}

/// A pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its id.
    pub id: String,
    /// How many nodes it has at most.
    pub nodes: u32,
    /// Whether the formula that the template brings sizes it; otherwise all nodes are there from the beginning.
    pub scaled: bool,
}
