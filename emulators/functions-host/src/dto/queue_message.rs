//! The XML of the queue service's messages.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

/// A message returned by Get Messages.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Message {
    /// The id.
    #[serde(rename = "MessageId")]
    pub(crate) id: String,
    /// The receipt to delete or update it, valid until another consumer gets it.
    pub(crate) pop_receipt: String,
    /// The number of times it was returned, including this one.
    pub(crate) dequeue_count: u32,
    /// The time at which it was put.
    #[serde(rename = "InsertionTime", deserialize_with = "parse_rfc1123")]
    pub(crate) inserted: DateTime<Utc>,
    /// The time at which it expires.
    #[serde(rename = "ExpirationTime", deserialize_with = "parse_rfc1123")]
    pub(crate) expires: DateTime<Utc>,
    /// The time at which it becomes visible again.
    #[serde(rename = "TimeNextVisible", deserialize_with = "parse_rfc1123")]
    pub(crate) next_visible: DateTime<Utc>,
    /// The encoded text.
    #[serde(rename = "MessageText", default)]
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(rename = "QueueMessage", default)]
    messages: Vec<Message>,
}

/// Parses the response of Get Messages.
pub(crate) fn parse_messages(xml: &[u8]) -> Result<Vec<Message>, quick_xml::DeError> {
    let text = String::from_utf8_lossy(xml);
    quick_xml::de::from_str::<List>(text.trim_start_matches('\u{feff}')).map(|list| list.messages)
}

/// Returns the body of Put Message.
pub(crate) fn put_message_body(text: &str) -> String {
    let text = quick_xml::escape::escape(text);
    format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>")
}

fn parse_rfc1123<'de, D: Deserializer<'de>>(source: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(source)?;
    let time = DateTime::parse_from_rfc2822(&text).map_err(serde::de::Error::custom)?;
    Ok(time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the REST reference for Get Messages.
    const EXAMPLE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
        <QueueMessagesList>
          <QueueMessage>
            <MessageId>5974b586-0df3-4e2d-ad0c-18e3892bfca2</MessageId>
            <InsertionTime>Fri, 09 Oct 2009 21:04:30 GMT</InsertionTime>
            <ExpirationTime>Fri, 16 Oct 2009 21:04:30 GMT</ExpirationTime>
            <PopReceipt>YzQ4Yzg1MDItYTc0Ny00OWNjLTkxYTUtZGM0MDFiZDAwYzEw</PopReceipt>
            <TimeNextVisible>Fri, 09 Oct 2009 23:29:20 GMT</TimeNextVisible>
            <DequeueCount>1</DequeueCount>
            <MessageText>PHRlc3Q+ &amp; more</MessageText>
          </QueueMessage>
        </QueueMessagesList>"#;

    #[test]
    fn the_example_of_the_rest_reference_is_parsed() {
        let messages = parse_messages(EXAMPLE.as_bytes()).expect("the documented form");
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].dequeue_count, messages[0].text.as_str()), (1, "PHRlc3Q+ & more"));
        assert_eq!(messages[0].inserted.to_rfc3339(), "2009-10-09T21:04:30+00:00");
        assert_eq!(parse_messages(b"<QueueMessagesList />").expect("an empty list"), []);
    }
}
