//! Tells what is wrong with JSON without what it says, which may be secret, long, or break a line of the log.

/// The longest fault that is told, in characters.
const MOST: usize = 200;

/// What was expected, and not what was there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct JsonFault(String);

impl From<serde_json::Error> for JsonFault {
    /// Leaves out the offending value, which serde quotes, and where it stood.
    fn from(err: serde_json::Error) -> Self {
        let fault = err.to_string();
        let told = match fault.rsplit_once(", expected ") {
            Some((_, expected)) => format!("expected {expected}"),
            None => fault,
        };
        // Last, since the value may have these words in it too.
        let plain = told.rsplit_once(" at line ").map_or(told.as_str(), |(plain, _)| plain);
        Self(cut(plain, MOST))
    }
}

/// Shortens a text from elsewhere for an answer or the log: it must neither grow without bound nor break the line.
pub fn shortened(text: &str) -> String {
    cut(text, 80)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
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
    fn what_was_there_is_not_told() {
        check(r#""secret""#, "expected a sequence");
        check(r#""secret, expected secret""#, "expected a sequence");
        check(r#"["secret\n"]"#, "expected u8");
        check(r#""secret at line 1""#, "expected a sequence");
        check("[1,", "EOF while parsing a value");
        check("[1] secret", "trailing characters");
        // A value that was parsed before has no place, so that these words are its own.
        let parsed = serde_json::Value::from("secret at line 1");
        let read = serde_json::from_value::<Vec<u8>>(parsed).map_err(JsonFault::from);
        assert_eq!(read.expect_err("a fault").to_string(), "expected a sequence");
    }
}
