//! Reads the application settings, once, before anything listens.
//!
//! Every fault is found in the same reading, so that a deployment is mended in one go. This is the only
//! module that reads the environment.

use url::Url;

use crate::admission::Policy;
use crate::app_key::AppKey;
use crate::profiles::{Profile, default_profiles, parse_profiles};
use crate::repository::AllowedRepositories;
use crate::scope::Scope;
use crate::secret::{Rotating, Secret, SignedUrl};
use crate::task::{DeploymentName, RunnerEnvironment};

mod firewall;
mod github;
mod reader;
mod runners;
mod reconciliation;

pub use firewall::FirewallSettings;
pub use reader::Faults;
use reader::Reader;
pub use reconciliation::ReconciliationSettings;

/// GitHub's own API, whose hook ranges are built in.
const GITHUB_API: &str = "https://api.github.com/";

/// All settings, each read and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the handler listens, on 127.0.0.1; the Functions host chooses it.
    pub port: u16,
    /// What decides about a delivery.
    pub webhook: WebhookSettings,
    /// Who may call, by source address.
    pub firewall: FirewallSettings,
    /// Where runners are registered.
    pub github: GithubSettings,
    /// Where tasks are added.
    pub batch: BatchSettings,
    /// Where messages and claims are kept.
    pub storage: StorageSettings,
    /// What runners are told.
    pub runners: RunnerSettings,
    /// What ReconcileRunners keeps to.
    pub reconciliation: ReconciliationSettings,
    /// The client id of the user-assigned identity; the system-assigned one where there is none.
    pub identity_client_id: Option<String>,
}

/// What decides about a delivery.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The secret that GitHub signs with.
    pub secret: Rotating,
    /// Which jobs are served.
    pub policy: Policy,
}

/// Where runners are registered.
#[derive(Clone, Debug)]
pub struct GithubSettings {
    /// The API's address.
    pub api: Url,
    /// The web address that belongs to it.
    pub web: Url,
    /// What the handler proves itself with.
    pub credential: GithubCredential,
    /// The level at which runners join.
    pub scope: Scope,
}

/// What the handler proves itself to GitHub with.
#[derive(Clone, Debug)]
pub enum GithubCredential {
    /// A personal access token.
    Token(Secret),
    /// A GitHub App.
    App(GithubApp),
}

/// A GitHub App.
#[derive(Clone, Debug)]
pub struct GithubApp {
    /// Its id, or its client id.
    pub id: String,
    /// Its private key.
    pub key: AppKey,
}

/// Where tasks are added.
#[derive(Clone, Debug)]
pub struct BatchSettings {
    /// The account's address.
    pub url: Url,
    /// The account's name, which a SharedKey signature covers.
    pub account: String,
    /// The account's key; Entra authentication by managed identity where there is none.
    pub key: Option<Secret>,
}

/// Where messages and claims are kept. A shared access signature in an address takes the identity's place.
#[derive(Clone, Debug)]
pub struct StorageSettings {
    /// The queue `runner-requests`.
    pub queue: SignedUrl,
    /// The container `mayfly-state`.
    pub state: SignedUrl,
}

/// What runners are told.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The prefix of task ids and runner names.
    pub deployment: DeploymentName,
    /// How a runner comes to its credential.
    pub registration: Registration,
    /// What all runners are told alike.
    pub runner_environment: RunnerEnvironment,
    /// The key that signs tickets.
    pub ticket_key: Rotating,
}

/// How a runner comes to its credential.
#[derive(Clone, Debug, PartialEq)]
pub enum Registration {
    /// It claims a just-in-time configuration at this address when it starts.
    Jit {
        /// Where ClaimRunner answers.
        claim_url: Url,
    },
    /// Its task carries a registration token.
    Token,
}

impl Settings {
    /// Reads the settings from the process's environment.
    ///
    /// # Errors
    /// Every setting that is missing or malformed, in one message.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_environment() -> Result<Self, Faults> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the settings from anywhere; an empty value counts as none.
    ///
    /// # Errors
    /// Every setting that is missing or malformed, in one message.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let reader = &mut Reader::new(&lookup);
        let profiles = profiles(reader);
        let port = reader.parsed("FUNCTIONS_CUSTOMHANDLER_PORT").unwrap_or(0);
        let webhook = webhook(reader, profiles);
        let settings = Self {
            port,
            firewall: firewall::firewall(reader),
            github: github::read(reader),
            batch: batch(reader),
            storage: storage(reader),
            runners: runners::read(reader, &webhook.policy.allowed),
            webhook,
            reconciliation: reconciliation::reconciliation(reader),
            identity_client_id: reader.optional("IdentityClientId"),
        };
        reader.finish(settings)
    }
}

fn profiles(reader: &mut Reader) -> Vec<Profile> {
    let ubuntu = reader.or("UbuntuPool", "ubuntu");
    let windows = reader.or("WindowsPool", "windows");
    reader
        .optional_by("RunnerProfiles", parse_profiles)
        .unwrap_or_else(|| default_profiles(&ubuntu, &windows))
}

fn webhook(reader: &mut Reader, profiles: Vec<Profile>) -> WebhookSettings {
    let policy = Policy {
        profiles,
        allowed: reader
            .optional_by("AllowedRepositories", AllowedRepositories::parse)
            .unwrap_or_default(),
        public_repositories: reader.flag("AllowPublicRepositories"),
    };
    WebhookSettings { secret: reader.rotating("GithubWebhookSecret"), policy }
}

fn batch(reader: &mut Reader) -> BatchSettings {
    BatchSettings {
        url: reader.address("BatchAccountUrl"),
        account: reader.required("BatchAccountName"),
        key: reader.optional_by("BatchAccountKey", base64_key),
    }
}

fn base64_key(text: &str) -> Result<Secret, String> {
    use base64::Engine;
    match base64::prelude::BASE64_STANDARD.decode(text) {
        Ok(_) => Ok(Secret::new(text)),
        Err(_) => Err("is not base64: copy the account's key as the portal shows it".to_owned()),
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
    SignedUrl::new(reader.address_or_derived(name, own))
}

#[cfg(test)]
mod tests;
