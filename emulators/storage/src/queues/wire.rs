//! Shapes the XML of the queue service.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::queue::Message;
use super::receipt::Receipt;
use crate::exchange::HttpDate;
use crate::metadata::Metadata;

/// The body of Put Message and Update Message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueMessage {
    /// The text, escaped as XML wants it.
    pub(super) message_text: String,
}

/// The body of an answer that shows messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueMessagesList<'a> {
    queue_message: Vec<Shown<'a>>,
}

/// A message, as far as the operation shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    #[serde(serialize_with = "as_text")]
    message_id: Uuid,
    insertion_time: HttpDate,
    expiration_time: HttpDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pop_receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_next_visible: Option<HttpDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dequeue_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_text: Option<&'a str>,
}

impl<'a> QueueMessagesList<'a> {
    /// Shows a message to the one who put it.
    pub(super) fn put(message: &'a Message) -> Self {
        let shown = Shown { dequeue_count: None, message_text: None, ..Shown::whole(message) };
        Self { queue_message: vec![shown] }
    }

    /// Shows messages to the one who got them.
    pub(super) fn got(messages: &'a [Message]) -> Self {
        Self { queue_message: messages.iter().map(Shown::whole).collect() }
    }

    /// Shows messages to one who only looks.
    pub(super) fn peeked(messages: &'a [Message]) -> Self {
        let peeked =
            |message| Shown { pop_receipt: None, time_next_visible: None, ..Shown::whole(message) };
        Self { queue_message: messages.iter().map(peeked).collect() }
    }
}

impl<'a> Shown<'a> {
    fn whole(message: &'a Message) -> Self {
        Self {
            message_id: message.id,
            insertion_time: HttpDate(message.inserted),
            expiration_time: HttpDate(message.expires),
            pop_receipt: Some(message.receipt),
            time_next_visible: Some(HttpDate(message.visible_from)),
            dequeue_count: Some(message.dequeue_count),
            message_text: Some(&message.text),
        }
    }
}

fn as_text<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// The body of List Queues.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueEnumeration<'a> {
    #[serde(rename = "@ServiceEndpoint")]
    pub(super) service_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_results: Option<i64>,
    pub(super) queues: QueueItems,
    pub(super) next_marker: Option<String>,
}

/// The queues of one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueItems {
    pub(super) queue: Vec<QueueItem>,
}

/// A queue in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueItem {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Metadata>,
}
