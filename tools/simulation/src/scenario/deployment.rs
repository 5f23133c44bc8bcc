//! The deployments of a scenario, with their repositories and pools.

use handler::profiles::{Profile, default_profiles};
use handler::task::{DeploymentName, TaskId};
use serde::{Deserialize, Serialize};

/// A deployment of the handler with its own Batch account and storage account.
///
/// It has the default profiles: `ubuntu` and `ubuntu-2204` on pool `ubuntu`, `windows` and `windows-2019` on pool
/// `windows`. Those of a pool with `node_per_job` have `nodePerJob`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Setting `DeploymentName`.
    pub name: String,
    /// Where its runners are registered.
    pub level: Level,
    /// The repositories it serves: setting `AllowedRepositories`.
    pub repositories: Vec<String>,
    /// Repositories it does not serve, to which its runner group is open at times: its runners refuse their jobs.
    #[serde(default)]
    pub neighbours: Vec<String>,
    /// The pools.
    pub pools: Vec<Pool>,
    /// Setting `MaxJobHours`.
    pub max_job_hours: u32,
    /// Whether it finds jobs by polling: there is no webhook.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub polls: bool,
    /// Setting `WakePools`, and when its Batch account evaluates a replaced formula.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wakes: Option<Evaluated>,
}

/// When Batch evaluates the formula of a pool after it was replaced. Which of them Azure does is not documented.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evaluated {
    /// Immediately.
    AtOnce,
    /// When its interval is over.
    Later,
}

impl Deployment {
    /// Returns the profiles.
    pub fn profiles(&self) -> Vec<Profile> {
        let isolated =
            |name: &str| self.pools.iter().any(|pool| pool.node_per_job && pool.id == name);
        let profiles = default_profiles("ubuntu", "windows").into_iter();
        let profile =
            |profile: Profile| Profile { node_per_job: isolated(&profile.pool), ..profile };
        profiles.map(profile).collect()
    }

    /// Parses the name of a task or runner; `None` if it does not belong to this deployment.
    pub fn read(&self, name: &str) -> Option<TaskId> {
        self.name.parse::<DeploymentName>().ok()?.parse_task(name)
    }

    /// Parses the name of an agent or its task; `None` if it does not belong to this deployment.
    pub fn read_agent(&self, name: &str) -> Option<TaskId> {
        self.name.parse::<DeploymentName>().ok()?.of_agents().parse_task(name)
    }
}

/// Where runners are registered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In each repository.
    Repository,
    /// In the organization, in a group that has the deployment's name and is open to its repositories.
    Organization,
}

/// A Batch pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// The pool's id.
    pub id: String,
    /// The maximum number of nodes.
    pub nodes: u32,
    /// Whether the template's formula sizes the pool; otherwise all nodes exist from the start.
    pub scaled: bool,
    /// Whether its profiles have `nodePerJob`.
    #[serde(default)]
    pub node_per_job: bool,
}
