//! Options of an emulated Azure DevOps organization.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use emulator_core::service::{Request, origin};
use emulator_core::token_key::TokenKey;
use emulator_core::transport::{self, Transport};

/// The application id of Azure DevOps in Microsoft Entra ID: the audience of access tokens.
///
/// <https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/service-principal-managed-identity>
pub const ENTRA_AUDIENCE: &str = "499b84ac-1321-427f-aa17-267ca6975798";

/// Options of an emulated Azure DevOps organization.
pub struct Options {
    /// The name of the organization: the first segment of every path.
    pub organization: String,
    /// The personal access tokens.
    pub tokens: Vec<PersonalToken>,
    /// The key of the endpoint that issues Entra tokens; without it, their signature is not verified.
    pub entra_key: Option<TokenKey>,
    /// What the holder of an Entra token may do.
    pub entra_access: AccessLevel,
    /// The seed of all random choices.
    pub seed: u64,
    /// The number of self-hosted parallel jobs that the organization has.
    pub parallel_jobs: u64,
    /// The version of the agent's package that the service offers.
    pub agent_version: String,
    /// The units of consumption (TSTU) that one call costs.
    pub call_cost: f64,
    /// The base URL of the service, without the organization and a trailing slash; `None` means the URL of each
    /// request.
    pub public_url: Option<String>,
    /// What happens to a job whose agent has not acknowledged it in time.
    pub unacknowledged: Unacknowledged,
    /// Whether a job without demands of its pipeline has `matchesAllAgentsInPool` in place of `matchedAgents`.
    ///
    /// That the service leaves `matchedAgents` out of such a request is inferred from clients.
    pub matches_all_flag: bool,
    /// The status of a refused deletion of an agent that has a job. The real one is not documented.
    pub refused_deletion_status: u16,
    /// Whether the service heeds `agentShuttingDown` of a completion event.
    ///
    /// Agents since 2.165 send it; <https://github.com/microsoft/azure-pipelines-agent/issues/3994> reports jobs that
    /// were given to an ended agent nevertheless.
    pub heeds_shutting_down: bool,
    /// The transport of service hooks and of tasks that call functions.
    pub transport: Transport,
}

/// A personal access token.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalToken {
    /// The token itself.
    pub text: String,
    /// When it expires; `None` means never.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// What its holder may do.
    #[serde(default)]
    pub access: AccessLevel,
}

/// What an identity may do with pools.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    /// It reads pools, agents and job requests.
    Read,
    /// It is an administrator of all pools, and manages service hooks.
    #[default]
    Manage,
}

/// What happens to a job whose agent has not acknowledged it in time. What the service does is not documented.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unacknowledged {
    /// It waits again.
    #[default]
    Requeued,
    /// Its request gets the result `abandoned`.
    Abandoned,
}

impl PersonalToken {
    /// Makes a token that never expires and may manage pools.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), expires_at: None, access: AccessLevel::Manage }
    }
}

impl Options {
    /// Makes options for an organization with one personal access token: ten parallel jobs, agent 4.274.1.
    pub fn new(organization: &str, token: &str, seed: u64) -> Self {
        Self {
            organization: organization.to_owned(),
            tokens: vec![PersonalToken::new(token)],
            entra_key: None,
            entra_access: AccessLevel::Manage,
            seed,
            parallel_jobs: 10,
            agent_version: "4.274.1".to_owned(),
            call_cost: 0.05,
            public_url: None,
            unacknowledged: Unacknowledged::default(),
            matches_all_flag: true,
            refused_deletion_status: 400,
            heeds_shutting_down: true,
            transport: transport::http(),
        }
    }

    /// Returns the URL of the organization for the response to a request, without a trailing slash.
    pub(crate) fn base(&self, request: &Request) -> String {
        self.base_of(&self.public_url.clone().unwrap_or_else(|| origin(request)))
    }

    /// Returns the URL of the organization for payloads, which no request causes.
    pub(crate) fn payload_base(&self) -> String {
        self.base_of(self.public_url.as_deref().unwrap_or("https://dev.azure.com"))
    }

    fn base_of(&self, url: &str) -> String {
        format!("{url}/{}", self.organization)
    }
}
