//! The token endpoint of agents: `POST` with a signed assertion.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::json;

use emulator_core::service::{Request, Response, json_response};

use crate::auth::assertion;
use crate::dto;
use crate::pipelines::Pipelines;
use crate::state::Holder;

/// The lifetime of an agent's token. Inferred.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(1);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Exchanges an assertion for an access token. A negative answer has status 400, and `error` in its body.
///
/// <https://www.rfc-editor.org/rfc/rfc7523#section-2.2>
pub(super) fn request(service: &Pipelines, base: &str, request: &Request) -> Response {
    let form: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(request.body()).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return negative("unsupported_grant_type", "The grant type is not client_credentials.");
    }
    if field("client_assertion_type") != ASSERTION_TYPE {
        return negative("invalid_request", "The client assertion type is not jwt-bearer.");
    }
    service.step(|state, now| {
        let audience = dto::agent::authorization_url(base, &state.instance_id);
        match assertion::verify(state, field("client_assertion"), &audience, now) {
            Ok(agent) => {
                let token = state.issue(Holder::Agent(agent), now + TOKEN_TTL);
                let body = json!({
                    "access_token": token,
                    "token_type": "jwt",
                    "expires_in": TOKEN_TTL.num_seconds(),
                });
                json_response(StatusCode::OK, &body)
            }
            Err(text) => negative("invalid_client", &text),
        }
    })
}

fn negative(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    json_response(StatusCode::BAD_REQUEST, &body)
}
