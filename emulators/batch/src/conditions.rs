//! Conditional headers (`If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`).
//!
//! Rejected: the typed headers of the `headers` crate. Azure differs from RFC 9110 in two ways:
//! clients pass the `eTag` property of a body as it is, without quotes, which `headers` does not
//! parse; and a malformed date is an error that names its value, where `headers` ignores the
//! header.

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, header};

use super::auth::http_date;
use super::dto::Timestamp;
use super::error::ApiError;
use emulator_core::service::Request;

/// Fails if a condition of a request does not hold for a resource last modified at `modified`: 304
/// for a read, 412 for a write.
pub(crate) fn check(request: &Request, modified: Timestamp) -> Result<(), ApiError> {
    let headers = request.headers();
    let etag = modified.etag();
    // An HTTP date has whole seconds.
    let modified = modified.to_utc().timestamp();
    let later_than = |date: DateTime<Utc>| modified > date.timestamp();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let unchanged = || if read { ApiError::not_modified() } else { ApiError::condition_not_met() };
    if tags(headers, &header::IF_MATCH).is_some_and(|mut tags| tags.all(|tag| !matches(tag, &etag)))
    {
        return Err(ApiError::condition_not_met());
    }
    if tags(headers, &header::IF_NONE_MATCH)
        .is_some_and(|mut tags| tags.any(|tag| matches(tag, &etag)))
    {
        return Err(unchanged());
    }
    if date(headers, &header::IF_UNMODIFIED_SINCE)?.is_some_and(later_than) {
        return Err(ApiError::condition_not_met());
    }
    if date(headers, &header::IF_MODIFIED_SINCE)?.is_some_and(|date| !later_than(date)) {
        return Err(unchanged());
    }
    Ok(())
}

fn tags<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
    Some(headers.get(name)?.to_str().ok()?.split(',').map(str::trim))
}

fn matches(tag: &str, etag: &str) -> bool {
    tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == etag
}

fn date(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let value = value.to_str().unwrap_or_default();
    http_date(value).map(Some).ok_or_else(|| ApiError::invalid_header(name.as_str(), value))
}
