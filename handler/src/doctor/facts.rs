//! The facts on which the checks rest.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;

use crate::admission::Policy;
use crate::pauses::Pauses;
use crate::profiles::Profile;
use crate::reconcile::snapshot::RunnerRelease;
use crate::repository::Repository;
use crate::runner_group::RunnerGroup;
use crate::scope::Scope;
use crate::status_report::RateLimit;

/// A fact, or why it could not be read.
pub type Read<T> = Result<T, String>;

/// All facts.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When they were read, by the handler's clock.
    pub at: DateTime<Utc>,
    /// What is questionable about the settings: the name of each, and the problem.
    pub warnings: Vec<(String, String)>,
    /// The networks of setting OperatorRanges.
    pub operators: Vec<IpNet>,
    /// Where runners are registered.
    pub scope: Scope,
    /// Which jobs are served, and by which profiles.
    pub policy: Policy,
    /// Whether jobs become known by polling, without webhooks.
    pub polls: bool,
    /// Whether runs of jobs that cannot be served are cancelled.
    pub cancels: bool,
    /// The time between two runs of reconciliation.
    pub period: TimeDelta,
    /// The host to which the webhooks of this deployment deliver, if it is known.
    pub own_host: Option<String>,
    /// The facts about GitHub.
    pub github: GithubFacts,
    /// The facts about Azure.
    pub azure: AzureFacts,
    /// The facts about Azure DevOps, if it is served.
    pub pipelines: Option<PipelinesFacts>,
    /// The clocks of services, with how far each is ahead of the handler's.
    pub clocks: Vec<(&'static str, Read<TimeDelta>)>,
    /// The host of ClaimRunner, and the HTTP status with which it answers a claim without a ticket; `None` if runners do not
    /// claim.
    pub claim_address: Option<(String, Read<u16>)>,
    /// When ReconcileRunners last recorded a run; `None` if it never did.
    pub last_run: Read<Option<DateTime<Utc>>>,
}

/// The facts about GitHub.
#[derive(Clone, Debug)]
pub struct GithubFacts {
    /// The credential.
    pub credential: Result<Credential, Denied>,
    /// What the credential can read.
    pub accesses: Vec<AccessRead>,
    /// The installations of the App; `None` for a token.
    pub installations: Option<Read<Vec<InstallationFact>>>,
    /// The webhooks, by the API path of their list.
    pub webhooks: Vec<(String, Read<Vec<WebhookFact>>)>,
    /// The runner groups, by the repository or the owner for which they were looked up.
    pub groups: Vec<(Repository, Read<RunnerGroup>)>,
    /// The versions of the runner in the images of the profiles, by profile; `None` if the name of the image has none.
    pub versions: BTreeMap<String, Option<String>>,
    /// The latest releases of the runner.
    pub releases: Read<Vec<RunnerRelease>>,
    /// The rate limits.
    pub limits: Vec<RateLimit>,
}

/// The credential, which GitHub accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum Credential {
    /// A personal access token, with the time at which it expires.
    Token {
        /// When it expires; `None` if GitHub states no time.
        expires: Option<DateTime<Utc>>,
    },
    /// The private key of a GitHub App.
    App {
        /// The events to which it is subscribed.
        events: Vec<String>,
    },
}

/// Why a service did not confirm something.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// Whether the service refused it. Otherwise it did not answer.
    pub refused: bool,
    /// What the service said.
    pub text: String,
}

/// One read by which a permission is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessRead {
    /// What was read: `octo/app`, or the name of an organization.
    pub subject: String,
    /// The permission that it needs.
    pub permission: &'static str,
    /// Whether jobs are served without it.
    pub optional: bool,
    /// The result.
    pub result: Result<(), Denied>,
}

/// An installation of the GitHub App.
#[derive(Clone, Debug, PartialEq)]
pub struct InstallationFact {
    /// The account.
    pub account: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Its permissions: `read` or `write`, by name.
    pub permissions: BTreeMap<String, String>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookFact {
    /// The API path.
    pub path: String,
    /// The URL without its query, which has the function key; `None` if GitHub shows none.
    pub url: Option<String>,
    /// Whether it is active.
    pub active: bool,
    /// Its events; `None` if GitHub does not show them, as for an App.
    pub events: Option<Vec<String>>,
    /// `json` or `form`.
    pub content_type: Option<String>,
    /// Whether GitHub verifies the certificate of the app.
    pub verifies: bool,
    /// The status codes of the last deliveries, the latest first; 0 for no response.
    pub last: Vec<u16>,
}

/// The facts about Azure DevOps.
#[derive(Clone, Debug)]
pub struct PipelinesFacts {
    /// The profiles of agents, as Batch runs them.
    pub containers: Vec<Profile>,
    /// Whether it accepts the credential.
    pub credential: Result<(), Denied>,
    /// The agent pools of the profiles, by name.
    pub pools: BTreeMap<String, Result<AgentPoolFact, Denied>>,
    /// The self-hosted parallel jobs that are used, and all of the organization.
    pub parallel_jobs: Read<(u64, u64)>,
    /// The service hooks that deliver to this app; `None` if the settings accept no event.
    pub hooks: Option<Read<Vec<HookFact>>>,
}

/// An agent pool.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentPoolFact {
    /// Whether the credential may manage it.
    pub manages: bool,
    /// Whether Azure DevOps updates its agents.
    pub updates: bool,
    /// The placeholder of each profile of the pool.
    pub placeholders: Vec<(String, Placeholder)>,
}

/// The state of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placeholder {
    /// It is registered, enabled and offline.
    Right,
    /// There is none.
    Missing,
    /// It is disabled.
    Disabled,
    /// Something has connected as it, and gets jobs.
    Online,
}

/// The subscription of a service hook.
#[derive(Clone, Debug, PartialEq)]
pub struct HookFact {
    /// Its id.
    pub id: String,
    /// The id of its project.
    pub project: String,
    /// Its status, such as `enabled`.
    pub status: String,
}

/// The facts about Azure.
#[derive(Clone, Debug)]
pub struct AzureFacts {
    /// The pools of the Batch account, by id.
    pub pools: Read<BTreeMap<String, PoolFact>>,
    /// The nodes that cannot take tasks, by pool and state.
    pub broken_nodes: BTreeMap<String, Read<BTreeMap<String, u32>>>,
    /// The core quota of the account.
    pub quota: Read<Quota>,
    /// The approximate number of messages in the request queue.
    pub messages: Result<u64, Denied>,
    /// The number of poison messages, up to 32.
    pub poison: Read<usize>,
    /// Whether the container of states can be read.
    pub state: Result<(), Denied>,
    /// The records of paused profiles.
    pub pauses: Read<Pauses>,
    /// The webhook ranges in force in all processes, and those that GitHub publishes; `None` if the settings list them.
    pub ranges: Option<Read<(Vec<IpNet>, Vec<IpNet>)>>,
    /// Whether the app's access restrictions are those of the ranges; `None` if no setting names the app.
    pub restricted: Option<Read<bool>>,
}

/// A pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolFact {
    /// `steady`, `resizing` or `stopping`.
    pub allocation_state: String,
    /// Whether a formula determines its size.
    pub scaled: bool,
    /// The error of the last evaluation of its formula.
    pub autoscale_error: Option<String>,
    /// Why its last resize failed.
    pub resize_errors: Vec<String>,
    /// The target number of dedicated nodes, and of spot nodes.
    pub targets: (u32, u32),
    /// The maximum number of nodes that its formula states, if it is readable.
    pub max_nodes: Option<u32>,
    /// The size of its machines, such as `Standard_D4s_v5`.
    pub vm_size: String,
    /// The number of task slots of each node.
    pub slots: u32,
}

/// The core quota of a Batch account.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quota {
    /// Cores of dedicated nodes.
    pub dedicated: u32,
    /// Cores of spot nodes.
    pub spot: u32,
}
