//! A storage account: its URLs and its shared access signature.

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode};

use super::{QUEUE, STATE};

/// The version of the storage REST API that requests use.
const VERSION: &str = "2026-04-06";

/// A storage account: its URLs and its shared access signature.
#[derive(Clone)]
pub struct Storage {
    /// The URL of the account's queues, without a trailing slash.
    pub queues: String,
    /// The URL of the account's blobs, without a trailing slash.
    pub blobs: String,
    /// A shared access signature for both, with all permissions and without the question mark.
    pub signature: String,
}

impl Storage {
    /// Returns the signed URL of the queue of runner requests.
    pub fn queue_url(&self) -> String {
        format!("{}/{QUEUE}?{}", self.queues, self.signature)
    }

    /// Returns the signed URL of the state container.
    pub fn state_url(&self) -> String {
        format!("{}/{STATE}?{}", self.blobs, self.signature)
    }

    /// Returns the connection string of the host's triggers.
    pub fn connection_string(&self) -> String {
        let Self { queues, blobs, signature } = self;
        format!("QueueEndpoint={queues};BlobEndpoint={blobs};SharedAccessSignature={signature}")
    }

    /// Creates the queue of runner requests; returns `false` if it exists.
    ///
    /// # Errors
    /// The account is not available, or rejects the request.
    pub async fn create_queue(&self, client: &Client) -> anyhow::Result<bool> {
        let response = client.put(self.queue_url()).header("x-ms-version", VERSION).send().await;
        let status =
            response.map_err(reqwest::Error::without_url).context("create the queue")?.status();
        ensure!(status.is_success(), "create the queue: {status}");
        Ok(status == StatusCode::CREATED)
    }

    /// Creates the state container.
    pub(super) async fn create_container(&self, client: &Client) -> anyhow::Result<()> {
        let url = format!("{}&restype=container", self.state_url());
        let response = client.put(url).header("x-ms-version", VERSION).send().await;
        let response =
            response.map_err(reqwest::Error::without_url).context("create the container")?;
        ensure!(response.status().is_success(), "create the container: {}", response.status());
        Ok(())
    }

    /// Counts the messages of the queue of runner requests, including invisible messages.
    ///
    /// # Errors
    /// The account is not available, or the response has no count.
    pub async fn count_messages(&self, client: &Client) -> anyhow::Result<u64> {
        let url = format!("{}&comp=metadata", self.queue_url());
        let response = client.get(url).header("x-ms-version", VERSION).send().await;
        let response =
            response.map_err(reqwest::Error::without_url).context("count the messages")?;
        let count = response.headers().get("x-ms-approximate-messages-count");
        let count = count.and_then(|count| count.to_str().ok()?.parse().ok());
        count.with_context(|| format!("count the messages: {}", response.status()))
    }
}
