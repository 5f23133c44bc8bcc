//! Access tokens with the claims that resources read.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use emulator_core::token_key::TokenKey;

/// The tenant of the app's identities.
pub const TENANT: &str = "6d617966-6c79-4c69-a665-73666f726461";
/// The lifetime of a managed identity's token.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(24);
/// The platform caches a token for each resource "for around 8 hours".
const CACHE_TTL: TimeDelta = TimeDelta::hours(8);
/// Entra issues tokens that are valid from an earlier time, for resources whose clock is slow.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// An issuer of tokens: its signing key.
#[derive(Debug)]
pub(super) struct Issuer(TokenKey);

/// An access token and its validity.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) expires_on: DateTime<Utc>,
}

impl Issuer {
    pub(super) fn new(key: &str) -> Self {
        Self(TokenKey::new(key))
    }

    /// Issues a token for a resource, in the format of version 1.0.
    pub(super) fn issue(&self, resource: &str, client_id: &str, now: DateTime<Utc>) -> Token {
        let (not_before, expires_on) = (now - MAX_CLOCK_SKEW, now + TOKEN_TTL);
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
        Token { text: self.sign(&claims), not_before, expires_on }
    }

    /// Signs claims as a JWT.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "HS256" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        self.0.sign(&format!("{}.{}", part(&header), part(claims)))
    }

    /// Returns whether the signature of a JWT is this issuer's.
    pub(super) fn has_signed(&self, token: &str) -> bool {
        self.0.has_signed(token)
    }
}

impl Token {
    /// Returns whether the platform still returns this token from its cache.
    pub(super) fn is_cached(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_on - TOKEN_TTL + CACHE_TTL
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_on", &self.expires_on).finish_non_exhaustive()
    }
}
