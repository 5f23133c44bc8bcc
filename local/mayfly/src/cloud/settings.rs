//! The application settings that lead the handler to the emulators.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use emulators::service::Listening;

use super::{
    BATCH_ACCOUNT, BATCH_KEY, GITHUB_TOKEN, QUEUE, STATE, STORAGE_ACCOUNT, WEBHOOK_SECRET,
};

/// How a runner comes to its credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, clap::ValueEnum)]
pub enum Registration {
    /// It claims a just-in-time configuration when it starts
    #[default]
    Jit,
    /// Its task carries a registration token
    Token,
}

/// Where everything answers, and what opens the storage account.
pub(super) struct Addresses {
    pub(super) queues: Listening,
    pub(super) blobs: Listening,
    pub(super) batch: Listening,
    pub(super) github: Listening,
    pub(super) functions: String,
    pub(super) signature: String,
}

impl Addresses {
    fn queue(&self) -> String {
        format!("{}/{STORAGE_ACCOUNT}/{QUEUE}?{}", self.queues.url, self.signature)
    }

    fn state(&self) -> String {
        format!("{}/{STORAGE_ACCOUNT}/{STATE}?{}", self.blobs.url, self.signature)
    }

    /// The connection of the host's own triggers.
    fn connection(&self) -> String {
        let Self { queues, blobs, signature, .. } = self;
        let queues = format!("QueueEndpoint={}/{STORAGE_ACCOUNT}", queues.url);
        let blobs = format!("BlobEndpoint={}/{STORAGE_ACCOUNT}", blobs.url);
        format!("{queues};{blobs};SharedAccessSignature={signature}")
    }

    /// Makes what a deployment makes: the queue of requests and the container of claims.
    pub(super) async fn make_queue_and_container(&self) -> anyhow::Result<()> {
        let client = handler::transport::http_client(None)?;
        for url in [self.queue(), format!("{}&restype=container", self.state())] {
            let answer = client.put(&url).header("x-ms-version", "2026-04-06").send().await;
            let status = answer.context("make the queue and the container")?.status();
            ensure!(status.is_success(), "make the queue and the container: {status}");
        }
        Ok(())
    }
}

/// Makes the handler's application settings.
pub(super) fn application_settings(
    address: &Addresses,
    registration: Registration,
) -> BTreeMap<String, String> {
    let registration = match registration {
        Registration::Jit => "jit",
        Registration::Token => "token",
    };
    let settings = [
        ("AzureWebJobsStorage", address.connection()),
        ("RunnerQueueUrl", address.queue()),
        ("StateContainerUrl", address.state()),
        ("ClaimUrl", format!("{}/api/ClaimRunner", address.functions)),
        ("BatchAccountUrl", address.batch.url.clone()),
        ("BatchAccountName", BATCH_ACCOUNT.to_owned()),
        ("BatchAccountKey", BATCH_KEY.to_owned()),
        ("ContainerRegistryServer", "registry.localhost".to_owned()),
        ("GithubApiUrl", address.github.url.clone()),
        ("GithubToken", GITHUB_TOKEN.to_owned()),
        ("GithubWebhookSecret", WEBHOOK_SECRET.to_owned()),
        ("GithubHookRanges", "127.0.0.1/32".to_owned()),
        ("TicketKey", "mayfly-on-one-machine-ticket-key".to_owned()),
        ("RunnerRegistration", registration.to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
