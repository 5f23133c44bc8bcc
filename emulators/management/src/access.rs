//! Admits whoever brings a token for this API that has not expired.
//!
//! The token's signature is not checked: the emulated token service signs with a stand-in of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::Deserialize;

use super::failure::Failure;
use emulator_core::service::Request;

#[derive(Deserialize)]
struct Claims {
    aud: String,
    nbf: i64,
    exp: i64,
}

/// Reads the token of a request, and whom it is for.
pub(super) fn admit(
    request: &Request,
    audience: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let refused = |code, text: &str| Failure::named(StatusCode::UNAUTHORIZED, code, text);
    let header = request.headers().get(header::AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(token) = token else {
        let text = "Authentication failed. The 'Authorization' header is missing.";
        return Err(refused("AuthenticationFailed", text));
    };
    let claims = claims(token);
    let claims = claims
        .ok_or_else(|| refused("InvalidAuthenticationToken", "The access token is invalid."))?;
    if !is_for(&claims.aud, audience, request) {
        let text = "The access token has been obtained for wrong audience or resource.";
        return Err(refused("InvalidAuthenticationTokenAudience", text));
    }
    if !(claims.nbf..claims.exp).contains(&now.timestamp()) {
        return Err(refused("ExpiredAuthenticationToken", "The access token expiry is over."));
    }
    Ok(())
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// Tells whether a token is for this API, whose name is taken with and without a last slash.
fn is_for(given: &str, audience: Option<&str>, request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let here = host.map(|host| format!("http://{host}"));
    let audience = audience.map(str::to_owned).or(here);
    audience.is_some_and(|audience| audience.trim_end_matches('/') == given.trim_end_matches('/'))
}
