//! The application settings that point the handler to the emulators.

use std::collections::BTreeMap;

use emulator_core::service::Listening;
use handler::schedule::DEFAULT_SCHEDULE;

use super::{BATCH_ACCOUNT, Secrets, Storage};

/// The way in which a runner gets its credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, clap::ValueEnum)]
pub enum Registration {
    /// The runner claims a just-in-time configuration when it starts
    #[default]
    Jit,
    /// The task has a registration token
    Token,
}

/// How jobs become known.
#[derive(Clone, Copy, Debug, Default, PartialEq, clap::ValueEnum)]
pub enum Demand {
    /// GitHub delivers them by a webhook
    #[default]
    Webhook,
    /// They are listed every 30 seconds; there is no webhook
    Polling,
}

/// The addresses of the services.
pub(super) struct Addresses {
    pub(super) batch: Listening,
    pub(super) github: Listening,
    pub(super) functions: String,
}

/// Returns the handler's application settings.
pub(super) fn application_settings(
    addresses: &Addresses,
    storage: &Storage,
    registration: Registration,
) -> BTreeMap<String, String> {
    let registration = match registration {
        Registration::Jit => "jit",
        Registration::Token => "token",
    };
    let settings = [
        ("AzureWebJobsStorage", storage.connection_string()),
        ("RunnerQueueUrl", storage.queue_url()),
        ("StateContainerUrl", storage.state_url()),
        ("ClaimUrl", format!("{}/api/ClaimRunner", addresses.functions)),
        ("BatchAccountUrl", addresses.batch.url.clone()),
        ("BatchAccountName", BATCH_ACCOUNT.to_owned()),
        ("ContainerRegistryServer", "registry.localhost".to_owned()),
        ("GithubApiUrl", addresses.github.url.clone()),
        ("GithubHookRanges", "127.0.0.1/32".to_owned()),
        ("OperatorRanges", "127.0.0.0/8".to_owned()),
        ("AllowedRepositories", "octo/*".to_owned()),
        ("ReconcileSchedule", DEFAULT_SCHEDULE.to_owned()),
        ("RunnerRegistration", registration.to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the settings that hold the secrets of the services.
pub(super) fn secret_settings(secrets: &Secrets) -> BTreeMap<String, String> {
    let settings = [
        ("BatchAccountKey", &secrets.batch_key),
        ("GithubToken", &secrets.github_token),
        ("GithubWebhookSecret", &secrets.webhook_secret),
        ("TicketKey", &secrets.ticket_key),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// Returns the settings of a deployment that takes no webhooks.
pub fn polling_settings() -> BTreeMap<String, String> {
    let settings = [
        ("Demand", "polling"),
        ("ReconcileSchedule", "*/30 * * * * *"),
        ("GithubWebhookSecret", ""),
        ("GithubHookRanges", ""),
        ("FunctionAppResourceId", ""),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
