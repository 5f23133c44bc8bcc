//! The responses with which GitHub refuses a credential.

use emulator_core::service::{Response, json_response};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::setup::ORGANIZATION;
use crate::scenario::Refusal;

/// Returns GitHub's response.
///
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api> and
/// <https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api> have the texts and headers.
pub(super) fn response(refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
        _ => StatusCode::FORBIDDEN,
    };
    let body = json!({
        "message": message(refusal),
        "documentation_url": "https://docs.github.com/rest",
        "status": status.as_str(),
    });
    let mut response = json_response(status, &body);
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from_static("5000"));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("4321"));
    if refusal == Refusal::SingleSignOn {
        let url = "required; url=https://github.com/orgs/octo/sso?authorization_request=A1B2";
        headers.insert("x-github-sso", HeaderValue::from_static(url));
    }
    response
}

fn message(refusal: Refusal) -> String {
    match refusal {
        Refusal::Unauthorized => "Bad credentials".to_owned(),
        Refusal::SingleSignOn => {
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to \
             this organization."
                .to_owned()
        }
        Refusal::IpAllowList => format!(
            "Although you appear to have the correct authorization credentials, the `{ORGANIZATION}` organization has \
             an IP allow list enabled, and your IP address is not permitted to access this resource."
        ),
        Refusal::Permission => "Resource not accessible by personal access token".to_owned(),
    }
}
