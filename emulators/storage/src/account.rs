//! Holds a storage account's name and key, and signs with it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::shared_access::AccountSas;

/// A storage account: both emulators of one account take a copy.
#[derive(Clone)]
pub struct Account {
    name: String,
    keyed: Hmac<Sha256>,
}

/// The account key is not base64.
#[derive(Debug, thiserror::Error)]
#[error("the key of storage account {account} is not base64")]
pub struct BadKey {
    account: String,
    #[source]
    source: base64::DecodeError,
}

impl Account {
    /// Makes an account of its name and its key, which is base64 as the portal shows it.
    ///
    /// # Errors
    /// The key is not base64.
    pub fn new(name: &str, key_base64: &str) -> Result<Self, BadKey> {
        let key = STANDARD.decode(key_base64);
        let key = key.map_err(|source| BadKey { account: name.to_owned(), source })?;
        let keyed = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        Ok(Self { name: name.to_owned(), keyed })
    }

    /// Tells the account's name, the first part of every path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes an account SAS for queues and blobs with every permission, as a query string.
    pub fn sas(&self, expires: DateTime<Utc>) -> String {
        let expiry = expires.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let sas = AccountSas::of_everything(&expiry);
        sas.query(&self.sign(&sas.string_to_sign(&self.name)))
    }

    /// Signs a text; base64 of its HMAC-SHA256.
    pub(super) fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.keyed.clone().chain_update(text).finalize().into_bytes())
    }

    /// Tells whether a signature is that of a text, in a time that does not depend on either.
    pub(super) fn signed(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        self.keyed.clone().chain_update(text).verify_slice(&signature).is_ok()
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
    fn a_key_is_never_shown() {
        let account = Account::new("mayfly", "c2VjcmV0").expect("base64");
        assert_eq!(format!("{account:?}"), r#"Account { name: "mayfly", .. }"#);
        let err = Account::new("mayfly", "not base64!").expect_err("it is not");
        assert_eq!(err.to_string(), "the key of storage account mayfly is not base64");
    }
}
