//! The versions of the API, and what differs between them.
//!
//! <https://docs.github.com/en/rest/about-the-rest-api/api-versions>,
//! <https://docs.github.com/en/rest/about-the-rest-api/breaking-changes>

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::response::ApiResponse;
use crate::error::ApiError;

/// The supported versions, the latest first.
pub(super) const SUPPORTED: [&str; 2] = ["2026-03-10", DEFAULT];
/// The version of a request that names none.
pub(super) const DEFAULT: &str = "2022-11-28";

/// Returns the version of a request.
///
/// # Errors
/// GitHub's message if the version is not supported
/// (<https://github.com/expipiplus1/update-nix-fetchgit/issues/79>).
pub(super) fn of(headers: &HeaderMap) -> Result<&'static str, ApiError> {
    let Some(given) = headers.get("x-github-api-version") else { return Ok(DEFAULT) };
    let given = given.to_str().unwrap_or_default();
    let known = SUPPORTED.into_iter().find(|known| *known == given);
    known.ok_or_else(|| {
        let [latest, older] = SUPPORTED;
        let text = format!(
            "Bad Request: The version you specified in the \"X-GitHub-API-Version\" request header, \
             \"{given}\", is not a supported version. The following versions are currently \
             supported: \"{latest}\" (most recent), \"{older}\"."
        );
        ApiError::new(StatusCode::BAD_REQUEST, text)
    })
}

/// Removes from a response what its version no longer has.
pub(super) fn adapt(version: &str, endpoint: &Endpoint, response: &mut ApiResponse) {
    if version == DEFAULT {
        return;
    }
    if let Some(body) = response.body_mut() {
        remove(body, "has_downloads");
        if endpoint.path == "/rate_limit"
            && let Value::Object(fields) = body
        {
            fields.remove("rate");
        }
    }
}

fn remove(value: &mut Value, field: &str) {
    match value {
        Value::Object(fields) => {
            fields.remove(field);
            fields.values_mut().for_each(|inner| remove(inner, field));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| remove(inner, field)),
        _ => {}
    }
}
