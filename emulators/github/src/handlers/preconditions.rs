//! Checks of every API request before its credentials: its media type and its version.

use http::{HeaderMap, StatusCode, header};

use super::versions;
use crate::error::ApiError;

/// Returns the version of a request whose headers are acceptable.
pub(super) fn check(headers: &HeaderMap) -> Result<&'static str, ApiError> {
    if !headers.contains_key(header::USER_AGENT) {
        // https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
        let text = "Request forbidden by administrative rules. Please make sure your request has a \
                    User-Agent header.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    }
    check_media_type(headers)?;
    versions::of(headers)
}

/// Rejects a request that accepts no JSON.
///
/// <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types>; the text is
/// reported in <https://github.com/void-linux/void-packages/issues/5408>.
fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut given = headers.get_all(header::ACCEPT).iter().peekable();
    if given.peek().is_none() {
        return Ok(());
    }
    let given: Vec<&str> = given.filter_map(|value| value.to_str().ok()).collect();
    let given = given.join(", ");
    if given.split(',').any(is_json) {
        return Ok(());
    }
    let text = format!("Unsupported 'Accept' header: '{given}'. Must accept 'application/json'.");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

fn is_json(range: &str) -> bool {
    let media_type = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ["", "*/*", "application/*", "application/json"];
    known.contains(&media_type.as_str()) || media_type.starts_with("application/vnd.github")
}
