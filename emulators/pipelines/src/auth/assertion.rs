//! The signed assertion with which an agent requests an access token.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::Value;

use crate::state::State;

/// The longest validity of an assertion, in seconds; the agent uses five minutes.
const MAX_LIFETIME: i64 = 3600;
/// How far the clocks of an agent and of the service may differ, in seconds. Inferred.
const MAX_CLOCK_SKEW: i64 = 300;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// Finds the agent that signed an assertion for this audience.
///
/// # Errors
/// The description of an `invalid_client` answer.
pub(crate) fn verify(
    state: &State,
    assertion: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<u64, String> {
    let malformed = || "The client assertion is malformed.".to_owned();
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let header: Value = decode(header).ok_or_else(malformed)?;
    let claims: Claims = decode(claims).ok_or_else(malformed)?;
    if header["alg"] != "RS256" || claims.jti.is_empty() || claims.iss != claims.sub {
        return Err(malformed());
    }
    let known = state.agents.values().find(|known| known.client_id == claims.iss);
    let known = known.ok_or_else(|| format!("The client {} is not registered.", claims.iss))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    let key = known.public_key.as_ref();
    if !key.is_some_and(|key| has_signed(key, signed.as_bytes(), &signature)) {
        return Err("The signature of the client assertion is invalid.".to_owned());
    }
    if claims.aud != audience {
        return Err("The audience of the client assertion is not this endpoint.".to_owned());
    }
    check_times(&claims, now)?;
    Ok(known.agent.id)
}

/// The agent takes "Current server time is" in a description as a sign that its clock is wrong.
fn check_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), String> {
    let seconds = now.timestamp();
    let starts = claims.nbf <= seconds + MAX_CLOCK_SKEW;
    let ends = claims.exp > seconds - MAX_CLOCK_SKEW && claims.exp - claims.nbf <= MAX_LIFETIME;
    if starts && ends {
        return Ok(());
    }
    Err(format!("The client assertion is not valid now. Current server time is {now}."))
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn has_signed((modulus, exponent): &(String, String), message: &[u8], signature: &[u8]) -> bool {
    let number = |text: &String| STANDARD.decode(text).unwrap_or_default();
    RsaPublicKeyComponents { n: number(modulus), e: number(exponent) }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        .is_ok()
}
