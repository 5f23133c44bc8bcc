//! A storage account: its name and its key, and the signatures made with it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use emulator_core::token_key::TokenKey;

use crate::auth::account_sas::AccountSas;

/// A storage account; its queue service and its blob service each hold a clone.
#[derive(Clone)]
pub struct Account {
    name: String,
    hmac: Hmac<Sha256>,
    token_key: Option<TokenKey>,
}

/// An account key that is not base64.
#[derive(Debug, thiserror::Error)]
#[error("the key of storage account {account} is not base64")]
pub struct InvalidKey {
    account: String,
    #[source]
    source: base64::DecodeError,
}

impl Account {
    /// Creates an account from its name and its key in base64, as the portal shows it.
    ///
    /// # Errors
    /// If the key is not base64.
    pub fn new(name: &str, key_base64: &str) -> Result<Self, InvalidKey> {
        let key = STANDARD.decode(key_base64);
        let key = key.map_err(|source| InvalidKey { account: name.to_owned(), source })?;
        let hmac = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        Ok(Self { name: name.to_owned(), hmac, token_key: None })
    }

    /// Restricts access tokens to those of the endpoint with this key. Otherwise their signature is not verified.
    #[must_use]
    pub fn with_token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// Returns whether the signature of an access token is acceptable.
    pub(crate) fn accepts_signature_of(&self, token: &str) -> bool {
        self.token_key.as_ref().is_none_or(|key| key.has_signed(token))
    }

    /// Returns the account's name, which is the first segment of every path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates an account SAS for queues and blobs with every permission, as a query string.
    pub fn sas(&self, expires: DateTime<Utc>) -> String {
        let expiry = expires.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let sas = AccountSas::with_all_permissions(&expiry);
        sas.to_query(&self.sign(&sas.string_to_sign(&self.name)))
    }

    /// Returns the HMAC-SHA256 of `text` in base64.
    fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.hmac.clone().chain_update(text).finalize().into_bytes())
    }

    /// Returns whether `signature` is the signature of `text`. The comparison takes constant time.
    pub(crate) fn verify(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        self.hmac.clone().chain_update(text).verify_slice(&signature).is_ok()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_and_errors_never_contain_the_key() {
        let account = Account::new("mayfly", "c2VjcmV0").expect("base64");
        assert_eq!(format!("{account:?}"), r#"Account { name: "mayfly", .. }"#);
        let err = Account::new("mayfly", "not base64!").expect_err("it is not");
        assert_eq!(err.to_string(), "the key of storage account mayfly is not base64");
    }
}
