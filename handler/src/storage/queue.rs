//! Sends messages to the storage queue.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    QueueClientGetPropertiesResultHeaders, QueueClientSendMessageOptions, QueueMessage,
};

use chrono::{DateTime, Utc};

use super::{credential, in_one_line, is_refused, queue_client};
use crate::github::http_date;
use crate::message::Message;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// A message may be invisible for 7 days at most.
const MAX_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// The queue `runner-requests`.
#[derive(Clone)]
pub struct RequestQueue(Arc<QueueClient>);

/// The message could not be enqueued.
#[derive(Debug, thiserror::Error)]
#[error("the message about job {job} could not be added to the queue of setting RunnerQueueUrl")]
pub struct QueueError {
    job: u64,
    #[source]
    source: azure_core::Error,
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
        Ok(Self(Arc::new(queue_client(address, credential(url, identity), transport)?)))
    }

    /// Enqueues a message, which becomes visible after `delay`.
    ///
    /// After a lost response it may be enqueued twice. Processing a message twice has no further effect.
    pub async fn put(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let text = QueueMessage { message_text: Some(message.encode()) };
        let seconds = i32::try_from(delay.min(MAX_DELAY).as_secs()).unwrap_or_default();
        let options = QueueClientSendMessageOptions {
            visibility_timeout: Some(seconds).filter(|&seconds| seconds > 0),
            ..Default::default()
        };
        let failed = |source| QueueError { job: message.job(), source: in_one_line(source) };
        let content = text.try_into().map_err(failed)?;
        self.0.send_message(content, Some(options)).await.map_err(failed)?;
        Ok(())
    }

    /// Reads the time of the storage account's clock.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, CountError> {
        let properties = self.0.get_properties(None).await.map_err(in_one_line)?;
        let date = properties.headers().get_optional_str(&HeaderName::from_static("date"));
        Ok(date.and_then(http_date))
    }

    /// Returns the approximate number of messages, including invisible ones.
    pub async fn count(&self) -> Result<u64, CountError> {
        let properties = self.0.get_properties(None).await.map_err(in_one_line)?;
        let count = properties.approximate_messages_count()?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}
