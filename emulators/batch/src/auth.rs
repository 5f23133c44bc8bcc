//! Authentication: the account's shared key, or an accepted token.

use std::fmt::{self, Debug, Formatter};

use base64::DecodeError;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::{HeaderMap, header};
use subtle::ConstantTimeEq;

use super::Options;
use super::error::ApiError;
use emulator_core::clock::Clock;
use emulator_core::service::Request;
use emulator_core::token_key::TokenKey;

pub(crate) mod shared_key;
mod token;

use shared_key::SharedKey;

/// The credentials that an account accepts.
pub(crate) struct Authenticator {
    key: SharedKey,
    bearer: Option<String>,
    accepts_tokens: bool,
    token_key: Option<TokenKey>,
}

impl Debug for Authenticator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Decodes the shared key.
    pub(crate) fn new(options: &Options) -> Result<Self, DecodeError> {
        let key = SharedKey::new(&options.account, &options.key_base64)?;
        let (bearer, token_key) = (options.bearer.clone(), options.token_key.clone());
        Ok(Self { key, bearer, accepts_tokens: options.accepts_tokens, token_key })
    }

    /// Authenticates a request.
    pub(crate) fn check(&self, request: &Request, clock: &Clock) -> Result<(), ApiError> {
        let given = text(request.headers(), header::AUTHORIZATION.as_str());
        let Some(given) = given else { return Err(ApiError::unauthenticated()) };
        match given.split_once(' ') {
            Some(("SharedKey", credential)) => {
                check_date(request.headers(), clock)?;
                if self.key.verify(request, credential) {
                    return Ok(());
                }
                Err(ApiError::authentication_failed())
            }
            Some(("Bearer", token)) => self.check_bearer(token, clock),
            _ => Err(ApiError::malformed_authentication()),
        }
    }

    fn check_bearer(&self, token: &str, clock: &Clock) -> Result<(), ApiError> {
        let same = |accepted: &String| bool::from(accepted.as_bytes().ct_eq(token.as_bytes()));
        if self.bearer.as_ref().is_some_and(same) || self.accepts(token, clock) {
            Ok(())
        } else {
            Err(ApiError::unauthenticated())
        }
    }

    /// Returns whether a token is valid for Batch at the time, and is signed with the key if there is one.
    fn accepts(&self, token: &str, clock: &Clock) -> bool {
        self.accepts_tokens
            && self.token_key.as_ref().is_none_or(|key| key.has_signed(token))
            && client_times(clock).any(|now| token::is_valid(token, now))
    }
}

/// Returns the times that a client's clock may show: the client does not see advances of the
/// emulators' clock.
fn client_times(clock: &Clock) -> impl Iterator<Item = DateTime<Utc>> {
    [clock.now(), clock.without_advances()].into_iter()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Rejects requests whose date differs from the clock by more than 15 minutes, to prevent replay.
fn check_date(headers: &HeaderMap, clock: &Clock) -> Result<(), ApiError> {
    let date = text(headers, "ocp-date").or_else(|| text(headers, "date"));
    let date = date.ok_or_else(|| ApiError::missing_header("ocp-date"))?;
    let made = http_date(date).ok_or_else(|| ApiError::invalid_header("ocp-date", date))?;
    if client_times(clock).any(|now| (now - made).abs() <= TimeDelta::minutes(15)) {
        return Ok(());
    }
    Err(ApiError::authentication_failed())
}

/// Parses an HTTP date. The weekday is ignored: the examples of Microsoft's documentation have
/// wrong ones.
pub(crate) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let (_, date) = text.split_once(", ")?;
    let naive = NaiveDateTime::parse_from_str(date, "%d %b %Y %H:%M:%S GMT").ok()?;
    Some(naive.and_utc())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use bytes::Bytes;

    use super::*;
    use crate::launch::Scripted;

    /// Returns whether an account accepts a token.
    fn accepts(accepts_tokens: bool, key: Option<&TokenKey>, token: &str) -> bool {
        let launcher = Arc::new(Scripted::by_settings());
        let mut options = Options::new("mayfly", "c2VjcmV0", launcher, "unused".into());
        options.accepts_tokens = accepts_tokens;
        options.token_key = key.cloned();
        let clock = Clock::starting_at(DateTime::from_timestamp(150, 0).expect("a time"));
        let request =
            http::Request::get("/jobs").header("authorization", format!("Bearer {token}"));
        let request = request.body(Bytes::new()).expect("a request");
        Authenticator::new(&options).expect("a key").check(&request, &clock).is_ok()
    }

    #[test]
    fn with_a_key_only_its_own_tokens_are_accepted() {
        let (own, other) = (TokenKey::new("hush"), TokenKey::new("another"));
        let signed = |key: &TokenKey, expires: i64| {
            let claims =
                format!(r#"{{"aud":"https://batch.core.windows.net","nbf":100,"exp":{expires}}}"#);
            key.sign(&format!("e30.{}", URL_SAFE_NO_PAD.encode(claims)))
        };
        let (valid, expired) = (signed(&own, 200), signed(&own, 149));
        for (accepts_tokens, key, token, expected) in [
            (true, Some(&own), &valid, true),
            (true, Some(&own), &expired, false),
            (true, Some(&own), &signed(&other, 200), false),
            (true, None, &signed(&other, 200), true),
            (false, Some(&own), &valid, false),
            (false, None, &valid, false),
        ] {
            assert_eq!(accepts(accepts_tokens, key, token), expected, "{token}");
        }
    }
}
