//! Reads the application settings once, before the handler listens.
//!
//! All faults are reported together, so that an operator can correct them in one deployment. This is the only module
//! that reads the environment.

use url::Url;

use crate::admission::Policy;
use crate::app_key::AppKey;
use crate::firewall::HookRanges;
use crate::polling::{DemandSource, PollingCost};
use crate::profiles::{
    PipelinesProfile, Profile, default_profiles, hidden_profiles, parse_profiles,
};
use crate::repository::AllowedRepositories;
use crate::scope::Scope;
use crate::secret::{MIN_SECRET_LENGTH, Rotating, Secret, SignedUrl};
use crate::task::{DeploymentName, RunnerEnvironment};

mod firewall;
mod github;
mod pipelines;
mod reader;
mod runners;
mod reconciliation;

pub use firewall::FirewallSettings;
pub(crate) use reader::RESOLVE_ADVICE;
use reader::Reader;
pub use reader::{Faults, Warning};
pub use reconciliation::ReconciliationSettings;

/// The API of github.com, whose webhook ranges are built in.
const GITHUB_API: &str = "https://api.github.com/";

/// What is wrong with a setting that concerns webhooks.
const WITHOUT_WEBHOOKS: &str = "has no effect: Demand is polling, and no webhook is accepted";

/// All settings, parsed and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1 where the handler listens. The Functions host chooses it.
    pub port: u16,
    /// Settings for decisions about deliveries.
    pub webhook: WebhookSettings,
    /// Settings for the admission by source address.
    pub firewall: FirewallSettings,
    /// Settings for the GitHub client.
    pub github: GithubSettings,
    /// Settings for the Batch client.
    pub batch: BatchSettings,
    /// Settings for the storage clients.
    pub storage: StorageSettings,
    /// Settings for runners.
    pub runners: RunnerSettings,
    /// Settings for Azure Pipelines; `None` if it is not served.
    pub pipelines: Option<PipelinesSettings>,
    /// Settings for ReconcileRunners.
    pub reconciliation: ReconciliationSettings,
    /// The client id of the user-assigned identity; without one the system-assigned identity is used.
    pub identity_client_id: Option<String>,
    /// What is questionable about the settings.
    pub warnings: Vec<Warning>,
}

/// Settings for decisions about deliveries.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The secret with which GitHub signs; `None` if no webhook is accepted.
    pub secret: Option<Rotating>,
    /// The jobs that are served.
    pub policy: Policy,
}

/// Settings for the GitHub client.
#[derive(Clone, Debug)]
pub struct GithubSettings {
    /// The URL of the API.
    pub api: Url,
    /// The URL of the web site that belongs to the API.
    pub web: Url,
    /// The handler's credential.
    pub credential: GithubCredential,
    /// The level at which runners are registered.
    pub scope: Scope,
}

impl GithubSettings {
    /// Reads only these settings with a function. An empty value counts as missing.
    ///
    /// # Errors
    /// When settings are missing or malformed; the error names all of them.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let reader = &mut Reader::new(&lookup);
        let settings = github::read(reader);
        reader.finish()?;
        Ok(settings)
    }
}

/// The handler's credential for GitHub.
#[derive(Clone, Debug)]
pub enum GithubCredential {
    /// A personal access token.
    Token(Secret),
    /// GitHub Apps.
    Apps {
        /// The one that is used first on an account on which several are installed.
        first: GithubApp,
        /// The others, in the order in which they are used.
        others: Vec<GithubApp>,
    },
}

/// A GitHub App.
#[derive(Clone, Debug)]
pub struct GithubApp {
    /// Its id, or its client id.
    pub id: String,
    /// Its private key.
    pub key: AppKey,
}

/// Settings for Azure Pipelines.
#[derive(Clone, Debug)]
pub struct PipelinesSettings {
    /// The URL of the organization.
    pub organization: Url,
    /// The handler's credential.
    pub credential: PipelinesCredential,
    /// The password of the service hook.
    pub hook_password: Option<Rotating>,
    /// The value of the header `X-Mayfly-Secret` of the service hook.
    pub hook_header: Option<Rotating>,
    /// The addresses from which events come.
    pub hook_ranges: HookRanges,
    /// The profiles, in the order in which they are chosen.
    pub profiles: Vec<PipelinesProfile>,
}

/// The handler's credential for Azure DevOps.
#[derive(Clone, Debug)]
pub enum PipelinesCredential {
    /// A personal access token.
    Token(Secret),
    /// The app's managed identity.
    Identity,
}

/// Settings for the Batch client.
#[derive(Clone, Debug)]
pub struct BatchSettings {
    /// The URL of the account.
    pub url: Url,
    /// The name of the account, which is part of a SharedKey signature.
    pub account: String,
    /// The key of the account; without one the managed identity authenticates with Entra.
    pub key: Option<Secret>,
}

/// Settings for the storage clients. A URL with a shared access signature needs no identity.
#[derive(Clone, Debug)]
pub struct StorageSettings {
    /// The queue `runner-requests`.
    pub queue: SignedUrl,
    /// The container `mayfly-state`.
    pub state: SignedUrl,
}

/// Settings for runners.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The prefix of task ids and runner names.
    pub deployment: DeploymentName,
    /// How a runner obtains its credential.
    pub registration: Registration,
    /// The settings that all runners share.
    pub runner_environment: RunnerEnvironment,
    /// The key that signs claim tickets.
    pub ticket_key: Rotating,
}

/// How a runner obtains its credential.
#[derive(Clone, Debug, PartialEq)]
pub enum Registration {
    /// It claims a just-in-time configuration when it starts.
    Jit {
        /// The URL of ClaimRunner.
        claim_url: Url,
    },
    /// Its task contains a registration token.
    Token,
}

impl Settings {
    /// Reads the settings from the environment of the process.
    ///
    /// # Errors
    /// When settings are missing or malformed; the error names all of them.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_environment() -> Result<Self, Faults> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the settings with a function. An empty value counts as missing.
    ///
    /// # Errors
    /// When settings are missing or malformed; the error names all of them.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let reader = &mut Reader::new(&lookup);
        let profiles = profiles(reader);
        let port = reader.parsed("FUNCTIONS_CUSTOMHANDLER_PORT").unwrap_or(0);
        let webhook = webhook(reader, profiles);
        let mut settings = Self {
            port,
            firewall: firewall::firewall(reader),
            github: github::read(reader),
            batch: batch(reader),
            storage: storage(reader),
            runners: runners::read(reader, &webhook.policy.allowed),
            webhook,
            pipelines: pipelines::read(reader),
            reconciliation: reconciliation::reconciliation(reader),
            identity_client_id: reader.optional("IdentityClientId"),
            warnings: Vec::new(),
        };
        check_owners(reader, &settings);
        check_repositories(reader, &settings);
        check_isolation(reader, &settings);
        check_agents(reader, &settings);
        settings.warnings = reader.finish()?;
        Ok(settings)
    }
}

/// Checks that no stranger can be served by the choice of a name for an account.
///
/// Every GitHub user can install an App that is not private on an account, and the App then has the rights that this handler
/// needs. A token reaches only the repositories of its own user.
fn check_owners(reader: &mut Reader, settings: &Settings) {
    let Some(pattern) = settings.webhook.policy.allowed.open_owner() else { return };
    let problem =
        format!("contains {pattern:?}: an account of any person can have a name that matches it");
    match settings.github.credential {
        GithubCredential::Apps { .. } => reader.fault(
            "AllowedRepositories",
            format!("{problem}, and install the App: name each owner in full"),
        ),
        GithubCredential::Token(_) => {
            reader.warn("AllowedRepositories", format!("{problem}: name each owner in full"));
        }
    }
}

/// Checks that the repositories that the settings name can be polled as often as the schedule says.
fn check_repositories(reader: &mut Reader, settings: &Settings) {
    let ReconciliationSettings { demand, period, .. } = &settings.reconciliation;
    let named = settings.webhook.policy.allowed.named().len();
    // An App has limits for each account.
    let by_token = matches!(settings.github.credential, GithubCredential::Token(_));
    if by_token && *demand == DemandSource::Polling {
        let problem = PollingCost::new(named, *period).problem();
        problem.into_iter().for_each(|problem| reader.warn("AllowedRepositories", problem));
    }
}

/// Checks that a claim can take the nodes of profiles with `nodePerJob` out of scheduling.
fn check_isolation(reader: &mut Reader, settings: &Settings) {
    let isolated = settings.webhook.policy.profiles.iter().find(|profile| profile.node_per_job);
    if let (Some(profile), Registration::Token) = (isolated, &settings.runners.registration) {
        let problem = format!(
            "profile {:?} has nodePerJob, which needs RunnerRegistration=jit: a runner with a token starts without a claim, which would keep further jobs from its node",
            profile.name
        );
        reader.fault("RunnerProfiles", problem);
    }
}

/// Checks that agents can claim: their configuration is not put into a task.
fn check_agents(reader: &mut Reader, settings: &Settings) {
    if settings.pipelines.is_some() && settings.runners.registration == Registration::Token {
        let fault =
            "must be jit with AzureDevOpsUrl: an agent claims its configuration when it starts";
        reader.fault("RunnerRegistration", fault);
    }
}

fn profiles(reader: &mut Reader) -> Vec<Profile> {
    let ubuntu = reader.or("UbuntuPool", "ubuntu");
    let windows = reader.or("WindowsPool", "windows");
    let profiles = reader
        .optional_by("RunnerProfiles", parse_profiles)
        .unwrap_or_else(|| default_profiles(&ubuntu, &windows));
    for (hidden, first) in hidden_profiles(&profiles) {
        let problem = format!(
            "profile {hidden:?} never serves a job: {first:?} is before it and has all of its labels"
        );
        reader.warn("RunnerProfiles", problem);
    }
    profiles
}

fn webhook(reader: &mut Reader, profiles: Vec<Profile>) -> WebhookSettings {
    let policy = Policy {
        profiles,
        allowed: reader.required_by("AllowedRepositories", AllowedRepositories::parse),
        public_repositories: reader.flag("AllowPublicRepositories"),
    };
    let secret = match reconciliation::demand(reader) {
        DemandSource::Webhook => Some(reader.rotating("GithubWebhookSecret")),
        DemandSource::Polling => {
            reader.warn_if_set("GithubWebhookSecret", WITHOUT_WEBHOOKS);
            None
        }
    };
    WebhookSettings { secret, policy }
}

fn batch(reader: &mut Reader) -> BatchSettings {
    BatchSettings {
        url: reader.url("BatchAccountUrl"),
        account: reader.required("BatchAccountName"),
        key: reader.optional_by("BatchAccountKey", base64_key),
    }
}

fn base64_key(text: &str) -> Result<Secret, String> {
    use base64::Engine;
    match base64::prelude::BASE64_STANDARD.decode(text) {
        Ok(key) if key.len() >= MIN_SECRET_LENGTH => Ok(Secret::new(text)),
        Ok(_) => Err(format!(
            "has less than {MIN_SECRET_LENGTH} bytes: copy the account's key from the portal"
        )),
        Err(_) => Err("is not base64: copy the account's key from the portal".to_owned()),
    }
}

fn storage(reader: &mut Reader) -> StorageSettings {
    let account = reader.optional("AzureWebJobsStorage__accountName");
    let own = |service: &str, path: &str| {
        account.as_ref().map(|name| format!("https://{name}.{service}.core.windows.net/{path}"))
    };
    StorageSettings {
        queue: signed(reader, "RunnerQueueUrl", own("queue", "runner-requests")),
        state: signed(reader, "StateContainerUrl", own("blob", "mayfly-state")),
    }
}

fn signed(reader: &mut Reader, name: &str, own: Option<String>) -> SignedUrl {
    SignedUrl::new(reader.url_or_derived(name, own))
}

#[cfg(test)]
mod tests;
