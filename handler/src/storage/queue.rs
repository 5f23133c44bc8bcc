//! Sends messages to the storage queue.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_storage_queue::QueueClient;
use azure_storage_queue::models::QueueClientGetPropertiesResultHeaders;
use chrono::{DateTime, Utc};

use super::enqueue::{MessageSender, SendError};
use super::{credential, in_one_line, is_refused, queue_client};
use crate::github::http_date;
use crate::message::Message;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// The queue `runner-requests`.
#[derive(Clone)]
pub struct RequestQueue {
    client: Arc<QueueClient>,
    sender: Arc<MessageSender>,
}

/// The message could not be enqueued.
#[derive(Debug, thiserror::Error)]
#[error("the message about job {job} could not be added to the queue of setting RunnerQueueUrl")]
pub struct QueueError {
    job: u64,
    #[source]
    source: SendError,
}

/// The messages could not be counted.
#[derive(Debug, thiserror::Error)]
#[error("the messages of the queue of setting RunnerQueueUrl could not be counted")]
pub struct CountError(#[from] azure_core::Error);

impl CountError {
    /// Returns whether the service refused the credential, or does not have the queue.
    pub fn is_refused(&self) -> bool {
        is_refused(&self.0)
    }
}

impl RequestQueue {
    /// Creates a client of the queue at this URL.
    ///
    /// # Errors
    /// When the identity's token cannot be sent to the URL, because it is not https.
    pub fn new(
        url: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        let address = url.expose().clone();
        let client = Arc::new(queue_client(address, credential(url, identity), transport)?);
        Ok(Self { client, sender: Arc::new(MessageSender::new(url, identity, transport)) })
    }

    /// Enqueues a message, which becomes visible after `delay`.
    ///
    /// After a lost response it may be enqueued twice. Processing a message twice has no further effect.
    pub async fn put(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let sent = self.sender.send(&message.encode(), delay).await;
        sent.map_err(|source| QueueError { job: message.job(), source })
    }

    /// Reads the time of the storage account's clock.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, CountError> {
        let properties = self.client.get_properties(None).await.map_err(in_one_line)?;
        let date = properties.headers().get_optional_str(&HeaderName::from_static("date"));
        Ok(date.and_then(http_date))
    }

    /// Returns the approximate number of messages, including invisible ones.
    pub async fn count(&self) -> Result<u64, CountError> {
        let properties = self.client.get_properties(None).await.map_err(in_one_line)?;
        let count = properties.approximate_messages_count()?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}
