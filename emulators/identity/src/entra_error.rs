//! The errors of Entra's endpoint: a code of OAuth 2.0, and a number of Entra.
//!
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::json;

use emulator_core::service::{Request, Response, json_response};

use crate::error::IdentityError;
use crate::state::{Mismatch, TENANT, resources};

/// The trace id of each error; requests to the emulator are not traced.
const TRACE_ID: &str = "00000000-0000-0000-0000-000000000000";

/// The reason that Entra issues no token.
#[derive(Debug)]
pub(crate) enum EntraError {
    /// A parameter of the form is missing or empty.
    MissingParameter(&'static str),
    /// The grant type is unknown.
    GrantType(String),
    /// The tenant does not exist.
    UnknownTenant(String),
    /// The client id is not that of an identity.
    UnknownClient(String),
    /// The form has neither a secret nor a federated token.
    NoCredential,
    /// The federated token is rejected.
    FederatedToken(Mismatch),
    /// The scope names several resources, or none.
    Scope(String),
    /// The resource of the scope does not exist.
    UnknownResource(String),
    /// The scope lacks `/.default`.
    ScopeWithoutDefault(String),
    /// A flow or a kind of credential that Entra has, and this emulator does not.
    NotModelled(&'static str),
}

impl EntraError {
    pub(crate) fn into_response(self, request: &Request, now: DateTime<Utc>) -> Response {
        if let Self::NotModelled(what) = self {
            let text = format!("{what} is not modelled");
            return IdentityError::new(StatusCode::NOT_IMPLEMENTED, text).into_response();
        }
        let (code, number) = self.code();
        let status = match code {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let given = request.headers().get("client-request-id").and_then(|id| id.to_str().ok());
        let correlation = given.unwrap_or(TRACE_ID);
        let timestamp = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let ids =
            format!("Trace ID: {TRACE_ID} Correlation ID: {correlation} Timestamp: {timestamp}");
        json_response(
            status,
            &json!({
                "error": code,
                "error_description": format!("AADSTS{number}: {} {ids}", self.message()),
                "error_codes": [number],
                "timestamp": timestamp,
                "trace_id": TRACE_ID,
                "correlation_id": correlation,
            }),
        )
    }

    /// Returns the code of OAuth 2.0, and the number of Entra.
    fn code(&self) -> (&'static str, u32) {
        match self {
            Self::MissingParameter(_) | Self::NotModelled(_) => ("invalid_request", 900_144),
            Self::GrantType(_) => ("unsupported_grant_type", 70_003),
            Self::UnknownTenant(_) => ("invalid_request", 90_002),
            Self::UnknownClient(_) => ("unauthorized_client", 700_016),
            Self::NoCredential => ("invalid_client", 7_000_218),
            Self::Scope(_) => ("invalid_scope", 70_011),
            Self::UnknownResource(_) => ("invalid_resource", 500_011),
            Self::ScopeWithoutDefault(_) => ("invalid_scope", 1_002_012),
            Self::FederatedToken(Mismatch::Malformed) => ("invalid_request", 50_027),
            Self::FederatedToken(Mismatch::Signature) => ("invalid_client", 50_013),
            Self::FederatedToken(Mismatch::Issuer(_)) => ("invalid_client", 700_211),
            Self::FederatedToken(Mismatch::Audience(_)) => ("invalid_client", 700_212),
            Self::FederatedToken(Mismatch::Subject(_)) => ("invalid_client", 700_213),
            Self::FederatedToken(Mismatch::Expired) => ("invalid_client", 700_024),
        }
    }

    fn message(&self) -> String {
        let no_match = |claim: &str, value: &str| {
            format!(
                "No federated identity credential matches the {claim} '{value}' of the assertion."
            )
        };
        match self {
            Self::MissingParameter(name) | Self::NotModelled(name) => {
                format!("The request has no parameter '{name}'.")
            }
            Self::GrantType(name) => format!("The grant type '{name}' is not supported."),
            Self::UnknownTenant(tenant) => {
                format!("Tenant '{tenant}' not found: the emulator has the tenant {TENANT}.")
            }
            Self::UnknownClient(id) => {
                format!("Application with identifier '{id}' was not found in the directory.")
            }
            Self::NoCredential => {
                "The request body must contain 'client_assertion' or 'client_secret'.".to_owned()
            }
            Self::Scope(scope) => format!("The scope '{scope}' is not valid: name one resource."),
            Self::UnknownResource(resource) => resources::unknown_message(resource, TENANT),
            Self::ScopeWithoutDefault(scope) => {
                format!(
                    "The scope '{scope}' is not valid: client credentials need RESOURCE/.default."
                )
            }
            Self::FederatedToken(mismatch) => match mismatch {
                Mismatch::Malformed => "The assertion is not a JWT.".to_owned(),
                Mismatch::Signature => "The assertion's signature is not valid.".to_owned(),
                Mismatch::Issuer(value) => no_match("issuer", value),
                Mismatch::Audience(value) => no_match("audience", value),
                Mismatch::Subject(value) => no_match("subject", value),
                Mismatch::Expired => "The assertion is not valid at this time.".to_owned(),
            },
        }
    }
}
