//! Makes access tokens with the claims that resources read.
//!
//! They are signed with HS256, a stand-in for Entra's RS256: whoever checks signatures here would need
//! Entra's published keys.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The tenant that the app's identities belong to.
const TENANT: &str = "6d617966-6c79-4c69-a665-73666f726461";
/// Tokens of managed identities hold for a day.
const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// The platform keeps a token for each resource "for around 8 hours", and hands it out again.
const KEPT: TimeDelta = TimeDelta::hours(8);
/// Entra lets a token begin earlier, for clocks that are slow.
const SLOW_CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// Signs tokens.
pub(super) struct Issuer(Hmac<Sha256>);

/// An access token and when it holds.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) not_before: DateTime<Utc>,
    pub(super) expires_on: DateTime<Utc>,
}

impl Issuer {
    pub(super) fn new(key: &str) -> Self {
        let keyed = Hmac::new_from_slice(key.as_bytes());
        Self(keyed.expect("HMAC takes a key of any length"))
    }

    /// Makes a token for a resource, in the form of version 1.0.
    pub(super) fn issue(&self, resource: &str, client_id: &str, now: DateTime<Utc>) -> Token {
        let (not_before, expires_on) = (now - SLOW_CLOCKS, now + LIFETIME);
        let head = json!({ "typ": "JWT", "alg": "HS256" });
        let claims = json!({
            "aud": resource,
            "iss": format!("https://sts.windows.net/{TENANT}/"),
            "iat": not_before.timestamp(),
            "nbf": not_before.timestamp(),
            "exp": expires_on.timestamp(),
            "appid": client_id,
            "oid": client_id,
            "sub": client_id,
            "tid": TENANT,
            "ver": "1.0",
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = self.0.clone().chain_update(&signed).finalize().into_bytes();
        let text = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        Token { text, not_before, expires_on }
    }
}

impl Token {
    /// Tells whether the platform still hands it out.
    pub(super) fn is_kept(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_on - LIFETIME + KEPT
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_on", &self.expires_on).finish_non_exhaustive()
    }
}
