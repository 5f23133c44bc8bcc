//! Headers of API responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use emulator_core::service::Response;

use super::endpoint::Endpoint;
use crate::auth::Caller;
use crate::auth::permissions::Access;
use crate::github::GitHub;
use crate::state::rate_limits::{Resource, Window};

/// The scopes of the user's classic token.
const OAUTH_SCOPES: &str =
    "admin:org, admin:org_hook, admin:repo_hook, manage_runners:enterprise, repo, workflow";
/// The headers of a request on which a response depends.
const VARY: &str = "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With";

/// What a response reports about the limits of its caller.
pub(super) struct Quota {
    pub(super) resource: Resource,
    pub(super) window: Window,
    pub(super) request_id: String,
}

/// Adds the headers of every response.
pub(super) fn add(headers: &mut HeaderMap, quota: &Quota, version: &'static str) {
    let window = &quota.window;
    let numbers = [
        ("x-ratelimit-limit", i64::from(window.limit)),
        ("x-ratelimit-remaining", i64::from(window.remaining())),
        ("x-ratelimit-used", i64::from(window.used)),
        ("x-ratelimit-reset", window.resets_at.timestamp()),
    ];
    for (name, number) in numbers {
        headers.insert(name, number.into());
    }
    let id = quota.request_id.parse().expect("hexadecimal digits and a colon");
    headers.insert("x-github-request-id", id);
    let fixed = [
        ("x-ratelimit-resource", quota.resource.name()),
        ("x-github-media-type", "github.v3; format=json"),
        ("x-github-api-version-selected", version),
        ("server", "github.com"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Adds the headers that depend on the caller: how long a read may be cached, and what its credential permits.
///
/// <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>,
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
pub(super) fn add_of_caller(
    response: &mut Response,
    caller: Option<&Caller>,
    endpoint: &Endpoint,
    github: &GitHub,
) {
    let cacheable = response.headers().contains_key(header::ETAG);
    let headers = response.headers_mut();
    if cacheable {
        let anonymous = matches!(caller, Some(Caller::Anonymous));
        let scope = if anonymous { "public" } else { "private" };
        let value = format!("{scope}, max-age=60, s-maxage=60");
        headers.insert(header::CACHE_CONTROL, value.parse().expect("words and numbers"));
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
    }
    match caller {
        // A fine-grained token has permissions instead of scopes.
        Some(Caller::User) if !github.options.token.starts_with("github_pat_") => {
            headers.insert("x-oauth-scopes", HeaderValue::from_static(OAUTH_SCOPES));
            headers.insert("x-accepted-oauth-scopes", HeaderValue::from_static(""));
        }
        Some(Caller::User | Caller::Installation(_)) => {
            if let Access::Permission(permission, level) = endpoint.access {
                let value = format!("{permission}={}", level.name());
                let value = value.parse().expect("words and an equals sign");
                headers.insert("x-accepted-github-permissions", value);
            }
        }
        _ => {}
    }
}

/// Adds an ETag, and turns the response into 304 if the caller already has it.
pub(super) fn add_etag(request: &HeaderMap, response: &mut Response) {
    let digest = Bytes::copy_from_slice(&Sha256::digest(response.body()));
    let etag = format!("W/\"{digest:x}\"");
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response.headers_mut().insert(header::ETAG, etag.parse().expect("hexadecimal digits"));
}

/// Drops the body of a response to HEAD; its headers stay those of a GET.
pub(super) fn drop_body(response: &mut Response) {
    if response.status() != StatusCode::NOT_MODIFIED {
        let length = response.body().len();
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Bytes::new();
}
