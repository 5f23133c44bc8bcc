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

pub(crate) mod shared_key;
mod token;

use shared_key::SharedKey;

/// The credentials that an account accepts.
pub(crate) struct Authenticator {
    key: SharedKey,
    bearer: Option<String>,
    accepts_tokens: bool,
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
        Ok(Self { key, bearer: options.bearer.clone(), accepts_tokens: options.accepts_tokens })
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
        let valid =
            || self.accepts_tokens && client_times(clock).any(|now| token::is_valid(token, now));
        if self.bearer.as_ref().is_some_and(same) || valid() {
            Ok(())
        } else {
            Err(ApiError::unauthenticated())
        }
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
