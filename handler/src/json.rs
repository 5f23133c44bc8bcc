//! Reads JSON from outside, and describes its faults without quoting it: the content may be secret, long, or contain line
//! breaks.

pub(crate) mod items;

use std::fmt::{Formatter, Result as FormatResult};
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Maximum length of a description, in characters.
const MAX_LENGTH: usize = 200;

/// What was expected, without the actual value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct JsonFault(String);

impl From<serde_json::Error> for JsonFault {
    /// Removes the offending value, which serde quotes, and its position.
    fn from(err: serde_json::Error) -> Self {
        let fault = err.to_string();
        let described = match fault.rsplit_once(", expected ") {
            Some((_, expected)) => format!("expected {expected}"),
            None => fault,
        };
        // This comes last because the value may contain these words, too.
        let plain =
            described.rsplit_once(" at line ").map_or(described.as_str(), |(plain, _)| plain);
        Self(cut(plain, MAX_LENGTH))
    }
}

/// A struct that is read from an object alone. The derived code of serde also reads it from an array of its fields' values.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> FormatResult {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Shortens a text from outside for a response or the log, and removes control characters.
pub fn shortened(text: &str) -> String {
    cut(text, 80)
}

/// Shortens a text from outside to a length, and removes control characters.
pub(crate) fn cut(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: &str) {
        let read = serde_json::from_str::<Vec<u8>>(json).map_err(JsonFault::from);
        assert_eq!(read.expect_err("a fault").to_string(), expect);
    }

    #[test]
    fn the_actual_value_is_not_quoted() {
        check(r#""secret""#, "expected a sequence");
        check(r#""secret, expected secret""#, "expected a sequence");
        check(r#"["secret\n"]"#, "expected u8");
        check(r#""secret at line 1""#, "expected a sequence");
        check("[1,", "EOF while parsing a value");
        check("[1] secret", "trailing characters");
        // A value that was parsed earlier has no position, so these words are its own.
        let parsed = serde_json::Value::from("secret at line 1");
        let read = serde_json::from_value::<Vec<u8>>(parsed).map_err(JsonFault::from);
        assert_eq!(read.expect_err("a fault").to_string(), "expected a sequence");
    }
}
