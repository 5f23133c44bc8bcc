//! The JSON of the service.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

pub(crate) mod agent;
pub(crate) mod hook;
pub(crate) mod message;
pub(crate) mod pool;
pub(crate) mod request;
pub(crate) mod run;

/// Formats a timestamp. The service writes up to seven digits of a second, and none of a whole second.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let Some((seconds, fraction)) = text.trim_end_matches('Z').split_once('.') else { return text };
    match fraction[..7].trim_end_matches('0') {
        "" => format!("{seconds}Z"),
        digits => format!("{seconds}.{digits}Z"),
    }
}

/// Removes the fields of an object that are null: the service leaves out members with their default.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_as_many_digits_as_it_needs() {
        for text in
            ["2026-11-29T11:20:23Z", "2026-11-29T11:20:22.4633333Z", "2026-11-29T11:19:49.89Z"]
        {
            assert_eq!(timestamp(text.parse().unwrap()), text);
        }
    }
}
