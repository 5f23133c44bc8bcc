//! The envelope in which the Functions host wraps requests that are not forwarded as raw HTTP.
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

/// An invocation that is not in the host's format.
#[derive(Debug, thiserror::Error)]
pub enum BadEnvelope {
    /// It is not the documented JSON.
    #[error("the invocation is not in the Functions host's format")]
    NotAnEnvelope(#[source] JsonFault),
    /// The binding's value is missing, or is not a JSON string within a string.
    #[error("the invocation has no text for binding {binding:?}")]
    NoText {
        /// The name in function.json.
        binding: String,
    },
}

/// Returns the text of a queue message from the envelope of an invocation.
///
/// The host serializes a string value once more, so that a message `{"v":1}` arrives as `"{\"v\":1}"`
/// within the envelope's own string.
pub fn queue_message(envelope: &[u8], binding: &str) -> Result<String, BadEnvelope> {
    let mut envelope: Envelope =
        serde_json::from_slice(envelope).map_err(|err| BadEnvelope::NotAnEnvelope(err.into()))?;
    let no_text = || BadEnvelope::NoText { binding: binding.to_owned() };
    match envelope.data.remove(binding) {
        Some(Value::String(encoded)) => serde_json::from_str(&encoded).map_err(|_| no_text()),
        _ => Err(no_text()),
    }
}

/// Returns whether a timer fired later than its schedule says.
///
/// A malformed payload does not prevent the run: the host writes the times of some schedules in a format of its own
/// (<https://github.com/Azure/azure-functions-host/issues/7391>), and nothing depends on them.
pub fn timer_is_late(envelope: &[u8], binding: &str) -> bool {
    let envelope: Value = serde_json::from_slice(envelope).unwrap_or_default();
    let timer = &envelope["Data"][binding];
    ["IsPastDue", "isPastDue"].iter().any(|name| timer[*name] == Value::Bool(true))
}

/// Returns the response to an invocation. The host shows `log` as the log of the invocation.
///
/// With an empty response the invocation would hang until its timeout.
pub fn response(log: &str) -> Value {
    json!({ "Outputs": {}, "Logs": [log], "ReturnValue": null })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_json_string_within_a_string() {
        let envelope =
            r#"{"Data":{"request":"\"{\\\"v\\\":1}\""},"Metadata":{"DequeueCount":"1"}}"#;
        assert_eq!(queue_message(envelope.as_bytes(), "request").expect("a message"), r#"{"v":1}"#);
    }

    #[test]
    fn a_timer_fires_with_any_payload() {
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
    fn any_other_envelope_is_rejected() {
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
