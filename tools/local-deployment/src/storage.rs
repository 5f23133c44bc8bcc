//! The storage account of a run: its addresses, and the signature that opens it.

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode};

use super::{QUEUE, STATE};

/// The version of the storage services that requests are written for.
const VERSION: &str = "2026-04-06";

/// Where a storage account answers, and what opens it.
#[derive(Clone)]
pub struct Storage {
    /// The address of the account's queues, without a trailing slash.
    pub queues: String,
    /// The address of the account's blobs, without a trailing slash.
    pub blobs: String,
    /// A shared access signature for both with every permission, without its question mark.
    pub signature: String,
}

impl Storage {
    /// Tells the signed address of the queue of requests.
    pub fn queue(&self) -> String {
        format!("{}/{QUEUE}?{}", self.queues, self.signature)
    }

    /// Tells the signed address of the container of claims.
    pub fn state(&self) -> String {
        format!("{}/{STATE}?{}", self.blobs, self.signature)
    }

    /// Writes the connection of the host's own triggers.
    pub fn connection(&self) -> String {
        let Self { queues, blobs, signature } = self;
        format!("QueueEndpoint={queues};BlobEndpoint={blobs};SharedAccessSignature={signature}")
    }

    /// Makes the queue of requests; tells whether it was not there before.
    ///
    /// # Errors
    /// The account did not make it.
    pub async fn make_queue(&self, client: &Client) -> anyhow::Result<bool> {
        let made = client.put(self.queue()).header("x-ms-version", VERSION).send().await;
        let status = made.map_err(reqwest::Error::without_url).context("make the queue")?.status();
        ensure!(status.is_success(), "make the queue: {status}");
        Ok(status == StatusCode::CREATED)
    }

    /// Makes the container of claims.
    pub(super) async fn make_container(&self, client: &Client) -> anyhow::Result<()> {
        let url = format!("{}&restype=container", self.state());
        let made = client.put(url).header("x-ms-version", VERSION).send().await;
        let made = made.map_err(reqwest::Error::without_url).context("make the container")?;
        ensure!(made.status().is_success(), "make the container: {}", made.status());
        Ok(())
    }

    /// Counts the messages of the queue of requests, hidden ones included.
    ///
    /// # Errors
    /// The account did not tell.
    pub async fn count_messages(&self, client: &Client) -> anyhow::Result<u64> {
        let url = format!("{}&comp=metadata", self.queue());
        let told = client.get(url).header("x-ms-version", VERSION).send().await;
        let told = told.map_err(reqwest::Error::without_url).context("count the messages")?;
        let count = told.headers().get("x-ms-approximate-messages-count");
        let count = count.and_then(|count| count.to_str().ok()?.parse().ok());
        count.with_context(|| format!("count the messages: {}", told.status()))
    }
}
