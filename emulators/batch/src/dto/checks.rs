//! Checks of values that several request bodies share.

use crate::error::ApiError;

/// Checks an id: 1 to 64 letters, digits, hyphens and underscores.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(());
    }
    let reason = "an id has 1 to 64 letters, digits, hyphens and underscores";
    Err(ApiError::invalid_property("id", id, reason))
}

/// Checks a display name: at most 1,024 characters.
pub(super) fn check_display_name(name: Option<&str>) -> Result<(), ApiError> {
    match name.filter(|name| name.chars().count() > 1_024) {
        Some(name) => Err(ApiError::invalid_property(
            "displayName",
            name,
            "at most 1,024 characters are allowed",
        )),
        None => Ok(()),
    }
}

/// Checks a retry count; -1 means no limit.
pub(super) fn check_retries(count: Option<i32>) -> Result<(), ApiError> {
    match count.filter(|count| *count < -1) {
        Some(count) => {
            let name = "constraints.maxTaskRetryCount";
            Err(ApiError::invalid_property(name, &count.to_string(), "must be -1 or greater"))
        }
        None => Ok(()),
    }
}

/// Rejects properties that are in the specification but not modelled here.
pub(super) fn check_modelled(
    properties: &[(&str, Option<&serde_json::Value>)],
) -> Result<(), ApiError> {
    let in_use = |value: &serde_json::Value| match value {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::String(text) => !text.trim().eq_ignore_ascii_case("false"),
        serde_json::Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    match properties.iter().find(|(_, value)| value.is_some_and(in_use)) {
        Some((name, _)) => Err(ApiError::not_modelled(&format!("the property {name}"))),
        None => Ok(()),
    }
}
