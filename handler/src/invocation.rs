//! The envelope in which the Functions host wraps what is not forwarded as raw HTTP.
//!
//! <https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers#request-payload>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::JsonFault;

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Data")]
    data: BTreeMap<String, Value>,
}

/// An envelope that the host would not send for this function.
#[derive(Debug, thiserror::Error)]
pub enum BadEnvelope {
    /// It is not the documented JSON.
    #[error("the invocation is not the Functions host's envelope")]
    NotAnEnvelope(#[source] JsonFault),
    /// The binding's value is missing, or is not a text within a text.
    #[error("the invocation carries no text for binding {binding:?}")]
    NoText {
        /// The name in function.json.
        binding: String,
    },
}

/// Reads the text of a queue message out of the envelope of an invocation.
///
/// The host serializes a string value once more, so that a message `{"v":1}` arrives as `"{\"v\":1}"`
/// within the envelope's own string.
///
/// # Errors
/// [`BadEnvelope`].
pub fn queue_message(envelope: &[u8], binding: &str) -> Result<String, BadEnvelope> {
    let mut envelope: Envelope =
        serde_json::from_slice(envelope).map_err(|err| BadEnvelope::NotAnEnvelope(err.into()))?;
    let no_text = || BadEnvelope::NoText { binding: binding.to_owned() };
    match envelope.data.remove(binding) {
        Some(Value::String(encoded)) => serde_json::from_str(&encoded).map_err(|_| no_text()),
        _ => Err(no_text()),
    }
}

/// Tells whether a timer fires later than its schedule says.
///
/// A timer fires whatever its payload says: the host writes the times of some schedules in a form of its own
/// (<https://github.com/Azure/azure-functions-host/issues/7391>), and nothing here depends on them.
pub fn timer_is_late(envelope: &[u8], binding: &str) -> bool {
    let envelope: Value = serde_json::from_slice(envelope).unwrap_or_default();
    let timer = &envelope["Data"][binding];
    ["IsPastDue", "isPastDue"].iter().any(|name| timer[*name] == Value::Bool(true))
}

/// Renders the answer to an invocation; the host shows the lines as the invocation's log.
///
/// An empty answer would let the invocation hang until its time-out.
pub fn response(log: &str) -> Value {
    json!({ "Outputs": {}, "Logs": [log], "ReturnValue": null })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_text_within_a_text() {
        let envelope =
            r#"{"Data":{"request":"\"{\\\"v\\\":1}\""},"Metadata":{"DequeueCount":"1"}}"#;
        assert_eq!(queue_message(envelope.as_bytes(), "request").expect("a message"), r#"{"v":1}"#);
    }

    #[test]
    fn a_timer_fires_whatever_its_payload_says() {
        let late = |payload: &str| timer_is_late(payload.as_bytes(), "timer");
        assert!(late(
            r#"{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":true}},"Metadata":{}}"#
        ));
        for payload in [
            "",
            "[]",
            "{}",
            r#"{"Data":{"timer":"\"x\""}}"#,
            r#"{"Data":{"timer":{"IsPastDue":7}}}"#,
        ] {
            assert!(!late(payload), "{payload}");
        }
    }

    #[test]
    fn anything_else_is_a_bad_envelope() {
        for faulty in [
            "",
            "{}",
            r#"{"Data":{}}"#,
            r#"{"Data":{"request":{"v":1}}}"#,
            r#"{"Data":{"request":"plain"}}"#,
        ] {
            assert!(queue_message(faulty.as_bytes(), "request").is_err(), "{faulty}");
        }
    }
}
