//! Access tokens of Microsoft Entra ID.
//!
//! Their signature is verified only with the key of an emulated token endpoint; Entra's own keys are not known here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Caller;
use crate::options::ENTRA_AUDIENCE;
use crate::state::State;

#[derive(Deserialize)]
struct Claims {
    aud: String,
    nbf: i64,
    exp: i64,
    #[serde(default)]
    oid: String,
}

/// Returns the caller that a token names, if the token is valid for Azure DevOps now.
pub(super) fn verify(state: &State, token: &str, now: DateTime<Utc>) -> Option<Caller> {
    if state.options.entra_key.as_ref().is_some_and(|key| !key.has_signed(token)) {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let audience = claims.aud.trim_start_matches("api://").trim_end_matches('/');
    let is_valid = (claims.nbf..claims.exp).contains(&now.timestamp());
    (audience == ENTRA_AUDIENCE && is_valid)
        .then(|| Caller::Identity(format!("entra {}", claims.oid), state.options.entra_access))
}
