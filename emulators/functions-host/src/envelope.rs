//! Writes the payload in which the host hands an invocation to the handler: `{"Data":…,"Metadata":…}`.
//!
//! The host serialises every string value once more, so that a handler finds JSON within a JSON string;
//! objects and dates are written plainly. Metadata of a message that is itself a JSON object carries the
//! object's properties too, and they win over the queue's own of the same name.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::queue::Message;

/// How .NET writes the time that no time is.
const NEVER: &str = "0001-01-01T00:00:00+00:00";

mod request;

pub(super) use request::of_request;

/// What the host says about every invocation.
#[derive(Clone, Debug)]
pub(super) struct Sys {
    /// The function's name.
    pub(super) method_name: String,
    /// When it was called.
    pub(super) utc_now: DateTime<Utc>,
    /// A number drawn for this invocation.
    pub(super) rand_guid: Uuid,
}

/// A timer's schedule, as its function gets to know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScheduleStatus {
    /// When it fired last; `None` if never.
    pub(super) last: Option<DateTime<Utc>>,
    /// When it fires next.
    pub(super) next: DateTime<Utc>,
    /// When this was noted; `None` if never.
    pub(super) noted: Option<DateTime<Utc>>,
}

/// Why a timer fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Firing {
    /// Its time has come.
    OnTime,
    /// Its time has gone by.
    PastDue,
    /// A person has called it.
    ByHand,
}

/// Writes the payload of a queue's message, whose text is given decoded.
pub(super) fn of_message(binding: &str, text: &str, message: &Message, sys: &Sys) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".into(), json!(message.dequeue_count.to_string()));
    metadata.insert("Id".into(), twice(&message.id));
    metadata.insert("PopReceipt".into(), twice(&message.pop_receipt));
    metadata.insert("InsertionTime".into(), whole_seconds(message.inserted));
    metadata.insert("ExpirationTime".into(), whole_seconds(message.expires));
    metadata.insert("NextVisibleTime".into(), whole_seconds(message.next_visible));
    metadata.insert("sys".into(), sys.to_json());
    for (name, value) in properties(text) {
        let known = metadata.keys().find(|known| known.eq_ignore_ascii_case(&name)).cloned();
        metadata.insert(known.unwrap_or(name), value);
    }
    metadata.retain(|name, _| !name.to_ascii_lowercase().ends_with("trigger"));
    json!({ "Data": { binding: twice(text) }, "Metadata": metadata })
}

/// Writes the payload of a timer; a schedule of more than one time a minute has no status.
pub(super) fn of_timer(
    binding: &str,
    firing: Firing,
    status: Option<ScheduleStatus>,
    sys: &Sys,
) -> Value {
    let status = status.map(|ScheduleStatus { last, next, noted }| {
        let or_never = |time: Option<_>| time.map_or_else(|| NEVER.to_owned(), local);
        json!({ "Last": or_never(last), "Next": local(next), "LastUpdated": or_never(noted) })
    });
    let late = firing == Firing::PastDue;
    let info = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": late });
    let mut metadata = json!({ "sys": sys.to_json() });
    if firing == Firing::ByHand {
        // The text that the caller gives for the trigger, which is none.
        metadata[binding] = twice("");
    }
    json!({ "Data": { binding: info }, "Metadata": metadata })
}

impl Sys {
    fn to_json(&self) -> Value {
        let now = ticks(self.utc_now) + "Z";
        json!({ "MethodName": self.method_name, "UtcNow": now, "RandGuid": self.rand_guid.to_string() })
    }
}

fn twice(text: &str) -> Value {
    Value::String(Value::from(text).to_string())
}

fn whole_seconds(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::Secs, false))
}

fn local(time: DateTime<Utc>) -> String {
    ticks(time) + "+00:00"
}

/// Writes a time as .NET does, which counts in tenths of a microsecond and ends with no zero.
fn ticks(time: DateTime<Utc>) -> String {
    let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    let (whole, fraction) = text.split_at(text.len() - "123456789".len());
    let fraction = fraction[..7].trim_end_matches('0');
    let text = format!("{whole}{fraction}");
    text.trim_end_matches('.').to_owned()
}

fn properties(text: &str) -> Vec<(String, Value)> {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let written = |value: Value| match value {
        Value::Null | Value::Array(_) => None,
        Value::Object(_) => Some(value),
        Value::String(text) => Some(twice(&text)),
        // .NET writes a truth value with a capital.
        Value::Bool(truth) => Some(twice(if truth { "True" } else { "False" })),
        Value::Number(number) => Some(twice(&number.to_string())),
    };
    object.into_iter().filter_map(|(name, value)| Some((name, written(value)?))).collect()
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
    fn a_messages_strings_are_encoded_twice_and_its_properties_join_the_metadata() {
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
    fn a_timer_that_never_fired_says_so_as_dotnet_does() {
        let next = "2026-11-21T10:02:00Z".parse().expect("a time");
        let status = Some(ScheduleStatus { last: None, next, noted: None });
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
