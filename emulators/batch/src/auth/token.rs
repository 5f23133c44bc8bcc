//! Access tokens: their audience and validity period.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The audience that a token must have. The documentation writes it with a trailing slash; tokens
/// without it are accepted too.
const RESOURCE: &str = "https://batch.core.windows.net";

#[derive(Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    nbf: i64,
}

/// Returns whether a token is for Batch and valid at `now`. The caller verifies the signature if it
/// has a key.
pub(super) fn is_valid(token: &str, now: DateTime<Utc>) -> bool {
    claims(token).is_some_and(|Claims { aud, exp, nbf }| {
        aud.trim_end_matches('/') == RESOURCE && (nbf..exp).contains(&now.timestamp())
    })
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let text = URL_SAFE_NO_PAD.decode(claims).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claims: &str, now: i64, expected: bool) {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let now = DateTime::from_timestamp(now, 0).unwrap();
        assert_eq!(is_valid(&token, now), expected, "{claims} at {now}");
    }

    #[test]
    fn a_token_is_valid_for_its_audience_in_its_period() {
        let batch = r#"{"aud":"https://batch.core.windows.net/","nbf":100,"exp":200}"#;
        check(batch, 100, true);
        check(batch, 199, true);
        check(batch, 99, false);
        check(batch, 200, false);
        check(r#"{"aud":"https://management.azure.com/","nbf":100,"exp":200}"#, 150, false);
        check(r#"{"aud":"https://batch.core.windows.net/"}"#, 150, false);
        assert!(!is_valid("no token", DateTime::UNIX_EPOCH));
    }
}
