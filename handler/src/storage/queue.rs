//! Puts runner requests on the storage queue.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    QueueClientGetPropertiesResultHeaders, QueueClientSendMessageOptions, QueueMessage,
};

use super::{credential, in_one_line, queue_client};
use crate::message::Message;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// A message may stay invisible for 7 days at most.
const LONGEST_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// The queue `runner-requests`.
#[derive(Clone)]
pub struct RequestQueue(Arc<QueueClient>);

/// The message is not durable.
#[derive(Debug, thiserror::Error)]
#[error("the storage queue did not take the request for job {job}")]
pub struct QueueError {
    job: u64,
    #[source]
    source: azure_core::Error,
}

/// The messages could not be counted.
#[derive(Debug, thiserror::Error)]
#[error("the messages of the queue of setting RunnerQueueUrl could not be counted")]
pub struct CountError(#[from] azure_core::Error);

impl RequestQueue {
    /// Makes a client of the queue at this address.
    ///
    /// # Errors
    /// The address cannot carry the identity's token, because it is not https.
    pub fn new(
        url: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        let address = url.expose().clone();
        Ok(Self(Arc::new(queue_client(address, credential(url, identity), transport)?)))
    }

    /// Puts a message on the queue, to be seen after `delay`.
    ///
    /// A lost answer may put it there twice: the second finds done what the first asked for.
    ///
    /// # Errors
    /// The message is not durable.
    pub async fn put(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let text = QueueMessage { message_text: Some(message.encode()) };
        let seconds = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or_default();
        let options = QueueClientSendMessageOptions {
            visibility_timeout: Some(seconds).filter(|&seconds| seconds > 0),
            ..Default::default()
        };
        let failed = |source| QueueError { job: message.job(), source: in_one_line(source) };
        let content = text.try_into().map_err(failed)?;
        self.0.send_message(content, Some(options)).await.map_err(failed)?;
        Ok(())
    }

    /// Counts the messages, hidden ones included, as well as storage knows.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn count(&self) -> Result<u64, CountError> {
        let properties = self.0.get_properties(None).await.map_err(in_one_line)?;
        let count = properties.approximate_messages_count()?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}
