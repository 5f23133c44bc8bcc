//! The application settings that lead the handler to the emulators.

use std::collections::BTreeMap;

use emulator_core::service::Listening;

use super::{BATCH_ACCOUNT, BATCH_KEY, GITHUB_TOKEN, Storage, WEBHOOK_SECRET};

/// How a runner comes to its credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, clap::ValueEnum)]
pub enum Registration {
    /// It claims a just-in-time configuration when it starts
    #[default]
    Jit,
    /// Its task carries a registration token
    Token,
}

/// Where everything answers.
pub(super) struct Addresses {
    pub(super) batch: Listening,
    pub(super) github: Listening,
    pub(super) functions: String,
}

/// Makes the handler's application settings.
pub(super) fn application_settings(
    address: &Addresses,
    storage: &Storage,
    registration: Registration,
) -> BTreeMap<String, String> {
    let registration = match registration {
        Registration::Jit => "jit",
        Registration::Token => "token",
    };
    let settings = [
        ("AzureWebJobsStorage", storage.connection()),
        ("RunnerQueueUrl", storage.queue()),
        ("StateContainerUrl", storage.state()),
        ("ClaimUrl", format!("{}/api/ClaimRunner", address.functions)),
        ("BatchAccountUrl", address.batch.url.clone()),
        ("BatchAccountName", BATCH_ACCOUNT.to_owned()),
        ("BatchAccountKey", BATCH_KEY.to_owned()),
        ("ContainerRegistryServer", "registry.localhost".to_owned()),
        ("GithubApiUrl", address.github.url.clone()),
        ("GithubToken", GITHUB_TOKEN.to_owned()),
        ("GithubWebhookSecret", WEBHOOK_SECRET.to_owned()),
        ("GithubHookRanges", "127.0.0.1/32".to_owned()),
        ("OperatorRanges", "127.0.0.0/8".to_owned()),
        ("TicketKey", "mayfly-on-one-machine-ticket-key".to_owned()),
        ("RunnerRegistration", registration.to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
