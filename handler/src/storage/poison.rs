//! Reads and deletes the messages that the Functions host has moved to the poison queue.
//!
//! <https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages>

use std::collections::BTreeMap;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::StatusCode;
use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::{credential, in_one_line, queue_client};
use crate::message::Message;
use crate::reconcile::snapshot::PoisonMessage;
use crate::secret::SignedUrl;
use crate::transport::HttpTransport;

/// Maximum number of messages that storage returns. The oldest come first, so that the rest follows once those that
/// are too old have been deleted.
const MAX_MESSAGES: i32 = 32;
/// How long received messages stay invisible, so that one of them can be deleted, in seconds.
const VISIBILITY_TIMEOUT_SECONDS: i32 = 30;

/// The queue `runner-requests-poison`, in the same account as the request queue.
#[derive(Clone)]
pub struct PoisonQueue(Arc<QueueClient>);

/// The queue could not be read, or a message could not be deleted.
#[derive(Debug, thiserror::Error)]
#[error("the poison queue of the queue of setting RunnerQueueUrl could not be {action}")]
pub struct PoisonError {
    action: &'static str,
    #[source]
    source: azure_core::Error,
}

impl PoisonQueue {
    /// Creates a client of the poison queue that belongs to the request queue at this URL.
    ///
    /// # Errors
    /// When the identity's token cannot be sent to the URL, because it is not https.
    pub fn new(
        requests: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        let mut url = requests.expose().clone();
        url.set_path(&format!("{}-poison", url.path().trim_end_matches('/')));
        Ok(Self(Arc::new(queue_client(url, credential(requests, identity), transport)?)))
    }

    /// Lists the oldest messages. The host creates the queue with the first message, so a missing queue is empty.
    pub async fn peek(&self) -> Result<Vec<PoisonMessage>, PoisonError> {
        let failed = |source| PoisonError { action: "listed", source: in_one_line(source) };
        let options = QueueClientPeekMessagesOptions {
            number_of_messages: Some(MAX_MESSAGES),
            ..Default::default()
        };
        let response = match self.0.peek_messages(Some(options)).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => return Ok(Vec::new()),
            response => response.map_err(failed)?,
        };
        let messages = response.into_model().map_err(failed)?.items.unwrap_or_default();
        let parsed = |message: azure_storage_queue::models::PeekedMessage| {
            let inserted = message.insertion_time?.unix_timestamp();
            Some(PoisonMessage {
                handle: message.message_id?,
                poisoned_at: DateTime::<Utc>::from_timestamp(inserted, 0)?,
                message: decode(message.message_text.as_deref().unwrap_or_default()),
            })
        };
        Ok(messages.into_iter().filter_map(parsed).collect())
    }

    /// Receives messages, so that they can be deleted: the pop receipt of each, by its id.
    pub async fn receive(&self) -> Result<BTreeMap<String, String>, PoisonError> {
        let failed = |source| PoisonError { action: "read", source: in_one_line(source) };
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages: Some(MAX_MESSAGES),
            visibility_timeout: Some(VISIBILITY_TIMEOUT_SECONDS),
            ..Default::default()
        };
        let response = self.0.receive_messages(Some(options)).await.map_err(failed)?;
        let messages = response.into_model().map_err(failed)?.items.unwrap_or_default();
        let receipts =
            messages.into_iter().filter_map(|message| message.message_id.zip(message.pop_receipt));
        Ok(receipts.collect())
    }

    /// Deletes a received message. Succeeds if there is no such message.
    pub async fn delete(&self, id: &str, receipt: &str) -> Result<(), PoisonError> {
        match self.0.delete_message(id, receipt, None).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(source) => Err(PoisonError { action: "changed", source: in_one_line(source) }),
            Ok(_) => Ok(()),
        }
    }
}

/// Decodes a message in the encoding of the request queue.
fn decode(text: &str) -> Option<Message> {
    let json = BASE64_STANDARD.decode(text).ok()?;
    Message::decode(std::str::from_utf8(&json).ok()?).ok()
}
