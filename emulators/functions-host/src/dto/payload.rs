//! The payload with which the host sends an invocation to the handler: `{"Data":…,"Metadata":…}`.
//!
//! The host serializes every string value a second time, so that it is JSON inside a JSON string; objects and
//! dates are serialized once. If a message is a JSON object, its properties are part of the metadata, and
//! replace the queue's own metadata of the same name.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::queue_message::Message;

/// The minimum value of a .NET time, which means never.
const NEVER: &str = "0001-01-01T00:00:00+00:00";

/// The maximum value of a .NET time, in whole seconds.
const FOREVER: &str = "9999-12-31T23:59:59+00:00";

mod request;

pub(crate) use request::of_request;

/// The metadata that every invocation has.
#[derive(Clone, Debug)]
pub(crate) struct Sys {
    /// The function's name.
    pub(crate) method_name: String,
    /// The time of the invocation.
    pub(crate) utc_now: DateTime<Utc>,
    /// A random id of the invocation.
    pub(crate) rand_guid: Uuid,
}

/// The status of a timer's schedule, as its function receives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ScheduleStatus {
    /// The last time it fired; `None` if never.
    pub(crate) last: Option<DateTime<Utc>>,
    /// The next time it fires.
    pub(crate) next: DateTime<Utc>,
    /// The time at which the host recorded this; `None` if never.
    pub(crate) last_updated: Option<DateTime<Utc>>,
}

/// The reason that a timer fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Firing<'a> {
    /// The scheduled time.
    OnTime,
    /// A scheduled time that has passed.
    PastDue,
    /// A manual invocation with this input.
    Manual(&'a str),
}

/// Returns the payload of a queue message, whose decoded text is `text`.
pub(crate) fn of_message(binding: &str, text: &str, message: &Message, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".into(), json!(message.dequeue_count.to_string()));
    metadata.insert("Id".into(), serialized_string(&message.id));
    metadata.insert("PopReceipt".into(), serialized_string(&message.pop_receipt));
    metadata.insert("InsertionTime".into(), whole_seconds(message.inserted));
    metadata.insert("ExpirationTime".into(), whole_seconds(message.expires));
    metadata.insert("NextVisibleTime".into(), whole_seconds(message.next_visible));
    queue_payload(binding, text, metadata, sys)
}

/// Returns the payload of a manual invocation of a function with a queue trigger. There is no message, so that its
/// metadata are those of an empty one.
pub(crate) fn of_manual_message(binding: &str, input: &str, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".into(), json!("0"));
    metadata.insert("ExpirationTime".into(), json!(FOREVER));
    metadata.insert("InsertionTime".into(), whole_seconds(sys.utc_now));
    metadata.insert("NextVisibleTime".into(), json!(FOREVER));
    metadata.insert(binding.into(), serialized_string(input));
    queue_payload(binding, input, metadata, sys)
}

fn queue_payload(binding: &str, text: &str, mut metadata: Map<String, Value>, sys: &Sys) -> Value {
    metadata.insert("sys".into(), sys.to_json());
    for (name, value) in properties(text) {
        let existing =
            metadata.keys().find(|existing| existing.eq_ignore_ascii_case(&name)).cloned();
        metadata.insert(existing.unwrap_or(name), value);
    }
    metadata.retain(|name, _| !name.to_ascii_lowercase().ends_with("trigger"));
    json!({ "Data": { binding: serialized_string(text) }, "Metadata": metadata })
}

/// Returns the payload of a timer. A schedule that fires more than once a minute has no status.
pub(crate) fn of_timer(
    binding: &str,
    firing: Firing<'_>,
    status: Option<ScheduleStatus>,
    sys: &Sys,
) -> Value {
    let status = status.map(|ScheduleStatus { last, next, last_updated }| {
        let or_never = |time: Option<_>| time.map_or_else(|| NEVER.to_owned(), with_offset);
        json!({ "Last": or_never(last), "Next": with_offset(next), "LastUpdated": or_never(last_updated) })
    });
    let is_past_due = firing == Firing::PastDue;
    let info = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": is_past_due });
    let mut metadata = json!({ "sys": sys.to_json() });
    if let Firing::Manual(input) = firing {
        metadata[binding] = serialized_string(input);
    }
    json!({ "Data": { binding: info }, "Metadata": metadata })
}

impl Sys {
    fn to_json(&self) -> Value {
        let now = dotnet_time(self.utc_now) + "Z";
        json!({ "MethodName": self.method_name, "UtcNow": now, "RandGuid": self.rand_guid.to_string() })
    }
}

fn serialized_string(text: &str) -> Value {
    Value::String(Value::from(text).to_string())
}

fn whole_seconds(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::Secs, false))
}

fn with_offset(time: DateTime<Utc>) -> String {
    dotnet_time(time) + "+00:00"
}

/// Formats a time like .NET, in units of 100 ns and without trailing zeros.
fn dotnet_time(time: DateTime<Utc>) -> String {
    let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    let (whole, fraction) = text.split_at(text.len() - "123456789".len());
    let fraction = fraction[..7].trim_end_matches('0');
    let text = format!("{whole}{fraction}");
    text.trim_end_matches('.').to_owned()
}

fn properties(text: &str) -> Vec<(String, Value)> {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let serialized = |value: Value| match value {
        Value::Null | Value::Array(_) => None,
        Value::Object(_) => Some(value),
        Value::String(text) => Some(serialized_string(&text)),
        // .NET formats a boolean with a capital letter.
        Value::Bool(truth) => Some(serialized_string(if truth { "True" } else { "False" })),
        Value::Number(number) => Some(serialized_string(&number.to_string())),
    };
    object.into_iter().filter_map(|(name, value)| Some((name, serialized(value)?))).collect()
}

#[cfg(test)]
mod captures;

#[cfg(test)]
mod tests {
    use super::*;

    fn sys() -> Sys {
        let utc_now = "2026-11-21T10:00:00.25Z".parse().expect("a time");
        Sys { method_name: "SubmitRunnerTask".to_owned(), utc_now, rand_guid: Uuid::nil() }
    }

    fn message() -> Message {
        let at = |text: &str| text.parse().expect("a time");
        Message {
            id: "5b5a".to_owned(),
            pop_receipt: "AgAA=".to_owned(),
            dequeue_count: 2,
            inserted: at("2026-11-21T09:59:58.7Z"),
            expires: at("2026-11-28T09:59:58Z"),
            next_visible: at("2026-11-21T10:10:00Z"),
            text: "unused".to_owned(),
        }
    }

    fn shown(payload: &Value) -> String {
        serde_json::to_string_pretty(payload).expect("it is JSON")
    }

    #[test]
    fn strings_are_serialized_twice_and_properties_are_metadata() {
        let text = r#"{"v":1,"job":"gh-1","labels":["a"],"id":"mine"}"#;
        insta::assert_snapshot!(shown(&of_message("request", text, &message(), &sys())), @r#"
        {
          "Data": {
            "request": "\"{\\\"v\\\":1,\\\"job\\\":\\\"gh-1\\\",\\\"labels\\\":[\\\"a\\\"],\\\"id\\\":\\\"mine\\\"}\""
          },
          "Metadata": {
            "DequeueCount": "2",
            "ExpirationTime": "2026-11-28T09:59:58+00:00",
            "Id": "\"mine\"",
            "InsertionTime": "2026-11-21T09:59:58+00:00",
            "NextVisibleTime": "2026-11-21T10:10:00+00:00",
            "PopReceipt": "\"AgAA=\"",
            "job": "\"gh-1\"",
            "sys": {
              "MethodName": "SubmitRunnerTask",
              "RandGuid": "00000000-0000-0000-0000-000000000000",
              "UtcNow": "2026-11-21T10:00:00.25Z"
            },
            "v": "\"1\""
          }
        }
        "#);
    }

    #[test]
    fn a_timer_that_never_fired_has_the_minimum_time() {
        let next = "2026-11-21T10:02:00Z".parse().expect("a time");
        let status = Some(ScheduleStatus { last: None, next, last_updated: None });
        insta::assert_snapshot!(shown(&of_timer("timer", Firing::OnTime, status, &sys())), @r#"
        {
          "Data": {
            "timer": {
              "IsPastDue": false,
              "Schedule": {
                "AdjustForDST": true
              },
              "ScheduleStatus": {
                "Last": "0001-01-01T00:00:00+00:00",
                "LastUpdated": "0001-01-01T00:00:00+00:00",
                "Next": "2026-11-21T10:02:00+00:00"
              }
            }
          },
          "Metadata": {
            "sys": {
              "MethodName": "SubmitRunnerTask",
              "RandGuid": "00000000-0000-0000-0000-000000000000",
              "UtcNow": "2026-11-21T10:00:00.25Z"
            }
          }
        }
        "#);
    }
}
