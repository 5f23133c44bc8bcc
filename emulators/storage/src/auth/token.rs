//! Access tokens of Microsoft Entra ID: their audience and validity period. The signature is verified only if the account
//! has the key of an emulated token endpoint; Entra's own keys are not known here.
//!
//! A token is accepted over TLS only, as by the service. The resource is that of all accounts, or the address of one
//! service of the account: <https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory>.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::account::Account;
use crate::error::StorageError;

/// The resource of all accounts.
const RESOURCE: &str = "https://storage.azure.com";

#[derive(Deserialize)]
struct Claims {
    aud: String,
    nbf: i64,
    exp: i64,
}

/// Checks the access token of a request.
pub(super) fn verify(
    account: &Account,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let claims = parse(token).ok_or_else(|| rejected("The token is malformed."))?;
    if !account.accepts_signature_of(token) {
        return Err(rejected(
            "Signature validation failed. The token was not issued by the emulated endpoint.",
        ));
    }
    if !is_audience(account, &claims.aud) {
        return Err(rejected("Audience validation failed. Audience did not match."));
    }
    if now.timestamp() < claims.nbf {
        return Err(rejected("Lifetime validation failed. The token is not yet valid."));
    }
    if now.timestamp() >= claims.exp {
        return Err(rejected("Lifetime validation failed. The token is expired."));
    }
    Ok(())
}

fn rejected(detail: &str) -> StorageError {
    let error = StorageError::INVALID_AUTHENTICATION_INFO.with_challenge();
    error.with_detail("AuthenticationErrorDetail", detail)
}

fn is_audience(account: &Account, audience: &str) -> bool {
    let audience = audience.trim_end_matches('/');
    let of_account = |service| format!("https://{}.{service}.core.windows.net", account.name());
    audience == RESOURCE || ["blob", "queue"].map(of_account).iter().any(|known| known == audience)
}

fn parse(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use emulator_core::token_key::TokenKey;

    use super::*;

    fn check(audience: &str, now: i64) -> String {
        let account = Account::new("mayfly", "aHVzaA==").unwrap();
        let claims = format!(r#"{{"aud":"{audience}","nbf":100,"exp":200}}"#);
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        match verify(&account, &token, DateTime::from_timestamp(now, 0).unwrap()) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.code.to_owned(),
        }
    }

    #[test]
    fn with_a_key_only_its_own_tokens_are_accepted() {
        let key = TokenKey::new("hush");
        let account = Account::new("mayfly", "aHVzaA==").unwrap().with_token_key(key.clone());
        let claims = r#"{"aud":"https://storage.azure.com","nbf":100,"exp":200}"#;
        let parts = format!("e30.{}", URL_SAFE_NO_PAD.encode(claims));
        let now = DateTime::from_timestamp(150, 0).unwrap();
        assert!(verify(&account, &key.sign(&parts), now).is_ok());
        let of_another = TokenKey::new("another").sign(&parts);
        for token in [format!("{parts}.c2ln"), format!("{parts}."), of_another] {
            let error = verify(&account, &token, now).unwrap_err();
            assert_eq!(error.code, "InvalidAuthenticationInfo", "{token}");
        }
    }

    #[test]
    fn a_token_is_accepted_for_its_account_in_its_period() {
        for (audience, now, outcome) in [
            ("https://storage.azure.com", 100, "accepted"),
            ("https://storage.azure.com/", 199, "accepted"),
            ("https://mayfly.queue.core.windows.net", 150, "accepted"),
            ("https://other.queue.core.windows.net", 150, "InvalidAuthenticationInfo"),
            ("https://batch.core.windows.net/", 150, "InvalidAuthenticationInfo"),
            ("https://storage.azure.com", 99, "InvalidAuthenticationInfo"),
            ("https://storage.azure.com", 200, "InvalidAuthenticationInfo"),
        ] {
            assert_eq!(check(audience, now), outcome, "{audience} at {now}");
        }
    }
}
