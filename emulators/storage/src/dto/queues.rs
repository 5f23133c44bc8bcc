//! The XML of the queue service.

use serde::Serialize;
use uuid::Uuid;

use super::metadata::Metadata;
use super::xml_document::Element;
use crate::error::StorageError;
use crate::response::HttpDate;
use crate::state::pop_receipt::PopReceipt;
use crate::state::queue::Message;

/// Parses the body of Put Message and Update Message: a `QueueMessage` with a `MessageText`.
pub(crate) fn parse_message(body: &[u8]) -> Result<String, StorageError> {
    let root = Element::parse(body).filter(|root| root.name == "QueueMessage");
    let root = root.ok_or(StorageError::INVALID_XML_DOCUMENT)?;
    let mut children = root.children.into_iter();
    match (children.next(), children.next()) {
        (None, _) => Err(StorageError::MISSING_REQUIRED_XML_NODE),
        (Some(text), None) if text.name == "MessageText" && text.children.is_empty() => {
            Ok(text.text)
        }
        (Some(child), _) if child.name == "MessageText" => {
            Err(StorageError::INVALID_XML_NODE_VALUE)
        }
        (Some(child), _) => {
            Err(StorageError::UNSUPPORTED_XML_NODE.with_detail("XmlNodeName", child.name))
        }
    }
}

/// The body of a response with messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueMessagesList<'a> {
    queue_message: Vec<MessageItem<'a>>,
}

/// A message with the elements that the operation returns.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageItem<'a> {
    #[serde(serialize_with = "serialize_as_text")]
    message_id: Uuid,
    insertion_time: HttpDate,
    expiration_time: HttpDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pop_receipt: Option<PopReceipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_next_visible: Option<HttpDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dequeue_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_text: Option<&'a str>,
}

impl<'a> QueueMessagesList<'a> {
    /// Creates the response of Put Message.
    pub(crate) fn put(message: &'a Message) -> Self {
        let item = MessageItem {
            dequeue_count: None,
            message_text: None,
            ..MessageItem::with_all_elements(message)
        };
        Self { queue_message: vec![item] }
    }

    /// Creates the response of Get Messages.
    pub(crate) fn got(messages: &'a [Message]) -> Self {
        Self { queue_message: messages.iter().map(MessageItem::with_all_elements).collect() }
    }

    /// Creates the response of Peek Messages.
    pub(crate) fn peeked(messages: &'a [Message]) -> Self {
        let peeked = |message| MessageItem {
            pop_receipt: None,
            time_next_visible: None,
            ..MessageItem::with_all_elements(message)
        };
        Self { queue_message: messages.iter().map(peeked).collect() }
    }
}

impl<'a> MessageItem<'a> {
    fn with_all_elements(message: &'a Message) -> Self {
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

fn serialize_as_text<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// The response of List Queues.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueEnumeration<'a> {
    #[serde(rename = "@ServiceEndpoint")]
    pub(crate) service_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_results: Option<i64>,
    pub(crate) queues: QueueItems,
    pub(crate) next_marker: Option<String>,
}

/// The queues of one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueItems {
    pub(crate) queue: Vec<QueueItem>,
}

/// A queue in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueItem {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata>,
}
