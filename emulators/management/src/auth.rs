//! Authentication: an access token for this API that has not expired.
//!
//! The token's signature is verified only with the key of an emulated token endpoint; Entra's own keys are not known here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::Deserialize;

use emulator_core::service::{Request, origin};

use crate::Options;
use crate::error::ManagementError;

#[derive(Deserialize)]
struct Claims {
    aud: String,
    nbf: i64,
    exp: i64,
}

/// Checks the access token of a request.
pub(crate) fn authorize(
    request: &Request,
    options: &Options,
    now: DateTime<Utc>,
) -> Result<(), ManagementError> {
    let rejected =
        |code, text: &str| ManagementError::with_code(StatusCode::UNAUTHORIZED, code, text);
    let header = request.headers().get(header::AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(token) = token else {
        let text = "Authentication failed. The 'Authorization' header is missing.";
        return Err(rejected("AuthenticationFailed", text));
    };
    let claims = parse_claims(token)
        .ok_or_else(|| rejected("InvalidAuthenticationToken", "The access token is invalid."))?;
    if options.token_key.as_ref().is_some_and(|key| !key.has_signed(token)) {
        let text = "The access token signature is invalid.";
        return Err(rejected("InvalidAuthenticationToken", text));
    }
    if !has_audience(&claims.aud, options.audience.as_deref(), request) {
        let text = "The access token has been obtained for wrong audience or resource.";
        return Err(rejected("InvalidAuthenticationTokenAudience", text));
    }
    if !(claims.nbf..claims.exp).contains(&now.timestamp()) {
        return Err(rejected("ExpiredAuthenticationToken", "The access token expiry is over."));
    }
    Ok(())
}

fn parse_claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// Returns whether a token is for this API. A trailing slash of the audience is ignored.
fn has_audience(actual: &str, expected: Option<&str>, request: &Request) -> bool {
    let expected = expected.map_or_else(|| origin(request), str::to_owned);
    expected.trim_end_matches('/') == actual.trim_end_matches('/')
}
