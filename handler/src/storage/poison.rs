//! Looks at the messages that the Functions host has given up on, and takes them away.
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

/// The most messages that storage shows at once. They lie in the order in which they came, so that what is
/// too old makes room for the rest.
const MOST: i32 = 32;
/// How long the messages stay hidden, in seconds, that were taken into the hand to delete one of them.
const HIDDEN: i32 = 30;

/// The queue `runner-requests-poison`, beside that of the requests.
#[derive(Clone)]
pub struct PoisonQueue(Arc<QueueClient>);

/// The queue could not be looked at, or a message not be taken away.
#[derive(Debug, thiserror::Error)]
#[error("the poison queue beside that of setting RunnerQueueUrl could not be {done}")]
pub struct PoisonError {
    done: &'static str,
    #[source]
    source: azure_core::Error,
}

impl PoisonQueue {
    /// Makes a client of the poison queue of the requests' queue at this address.
    ///
    /// # Errors
    /// The address cannot carry the identity's token, because it is not https.
    pub fn new(
        requests: &SignedUrl,
        identity: Option<&Arc<dyn TokenCredential>>,
        transport: &HttpTransport,
    ) -> azure_core::Result<Self> {
        let mut url = requests.expose().clone();
        url.set_path(&format!("{}-poison", url.path().trim_end_matches('/')));
        Ok(Self(Arc::new(queue_client(url, credential(requests, identity), transport)?)))
    }

    /// Shows the oldest messages. The host makes the queue with the first of them.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn peek(&self) -> Result<Vec<PoisonMessage>, PoisonError> {
        let failed = |source| PoisonError { done: "looked at", source: in_one_line(source) };
        let options =
            QueueClientPeekMessagesOptions { number_of_messages: Some(MOST), ..Default::default() };
        let answer = match self.0.peek_messages(Some(options)).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => return Ok(Vec::new()),
            answer => answer.map_err(failed)?,
        };
        let messages = answer.into_model().map_err(failed)?.items.unwrap_or_default();
        let shown = |message: azure_storage_queue::models::PeekedMessage| {
            let inserted = message.insertion_time?.unix_timestamp();
            Some(PoisonMessage {
                handle: message.message_id?,
                poisoned_at: DateTime::<Utc>::from_timestamp(inserted, 0)?,
                message: read(message.message_text.as_deref().unwrap_or_default()),
            })
        };
        Ok(messages.into_iter().filter_map(shown).collect())
    }

    /// Takes messages into the hand, so that they can be deleted: the receipt of each, by its id.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn receive(&self) -> Result<BTreeMap<String, String>, PoisonError> {
        let failed = |source| PoisonError { done: "received from", source: in_one_line(source) };
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages: Some(MOST),
            visibility_timeout: Some(HIDDEN),
            ..Default::default()
        };
        let answer = self.0.receive_messages(Some(options)).await.map_err(failed)?;
        let messages = answer.into_model().map_err(failed)?.items.unwrap_or_default();
        let held = messages.into_iter().filter_map(|held| held.message_id.zip(held.pop_receipt));
        Ok(held.collect())
    }

    /// Deletes a message that is in the hand. That it is gone is success.
    ///
    /// # Errors
    /// Storage did not answer, or refused.
    pub async fn delete(&self, id: &str, receipt: &str) -> Result<(), PoisonError> {
        match self.0.delete_message(id, receipt, None).await {
            Err(err) if err.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(source) => Err(PoisonError { done: "deleted from", source: in_one_line(source) }),
            Ok(_) => Ok(()),
        }
    }
}

/// Reads a message in the encoding in which the requests' queue carries it.
fn read(text: &str) -> Option<Message> {
    let json = BASE64_STANDARD.decode(text).ok()?;
    Message::decode(std::str::from_utf8(&json).ok()?).ok()
}
