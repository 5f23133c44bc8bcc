//! Classifies and parses GitHub's responses.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::budget::RateLimitHeaders;
use super::error::GithubError;
use super::refusal::{Refusal, RefusalCause};
use crate::error_chain::ErrorChain;
use crate::json::JsonFault;
use crate::repository::Repository;
use crate::transport::Response;

/// Returns the response if its status is a success, and otherwise the error of the status.
pub(super) fn check_status(
    call: &'static str,
    account: Option<&str>,
    repository: Option<Repository>,
    response: Response,
) -> Result<Response, GithubError> {
    let status = response.status();
    if is_success(status) {
        return Ok(response);
    }
    Err(match status.as_u16() {
        401 | 403 => GithubError::Refused(Box::new(Refusal {
            call,
            status,
            account: account.map(str::to_owned),
            repository,
            cause: RefusalCause::of(&response),
        })),
        404 => GithubError::NotFound { call, repository },
        409 => GithubError::Conflict { call },
        422 => GithubError::Unprocessable { call },
        408 | 500.. => GithubError::Unavailable { call, fault: status.to_string() },
        _ => GithubError::Rejected { call, status },
    })
}

/// A response that confirms the cached one has no body, and is a success.
fn is_success(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::NOT_MODIFIED
}

/// Parses the JSON of a response.
pub(super) fn parse<T: DeserializeOwned>(
    call: &'static str,
    response: &Response,
) -> Result<T, GithubError> {
    serde_json::from_slice(response.body()).map_err(|err| unavailable(call, &JsonFault::from(err)))
}

/// Returns the error of a request without a usable response.
pub(super) fn unavailable(call: &'static str, err: &dyn Error) -> GithubError {
    let fault = ErrorChain(err).to_string();
    GithubError::Unavailable { call, fault }
}

/// Returns the rate limit headers of a response.
pub(super) fn rate_limit_headers(response: &Response) -> RateLimitHeaders {
    let text = |name: &str| response.headers().get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.parse::<u32>().ok();
    let resets_at = text("x-ratelimit-reset").and_then(|at| at.parse().ok());
    let mut headers = RateLimitHeaders {
        resource: text("x-ratelimit-resource").map(str::to_owned),
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        resets_at: resets_at.and_then(|at| DateTime::from_timestamp(at, 0)),
        retry_after: number("retry-after").map(|wait| Duration::from_secs(wait.into())),
        rejected: false,
    };
    headers.rejected = is_limit(&headers, response);
    headers
}

/// The words that alone distinguish a limit from a missing permission; the last ones are of older Enterprise
/// Servers.
const LIMIT_MESSAGES: [&str; 3] =
    ["secondary rate limit", "api rate limit exceeded", "abuse detection mechanism"];

/// Returns whether an error is a rate limit. GitHub responds with 429, or with 403 and either `retry-after`, or no
/// remaining requests, or only a message about the limit.
fn is_limit(headers: &RateLimitHeaders, response: &Response) -> bool {
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN if headers.retry_after.is_some() || headers.remaining == Some(0) => {
            true
        }
        StatusCode::FORBIDDEN => {
            let message = String::from_utf8_lossy(response.body()).to_ascii_lowercase();
            LIMIT_MESSAGES.iter().any(|words| message.contains(words))
        }
        _ => false,
    }
}
