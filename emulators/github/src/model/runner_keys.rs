//! RSA keys of runners.
//!
//! GitHub generates a key for each JIT configuration; a runner that registers with a token generates its own.
//! Generating a key takes a second in a debug build, and a simulation registers thousands of runners. The keys
//! here are therefore fixed: they were made for this emulator with `openssl genrsa 2048` and are used nowhere else.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const KEYS: &str = include_str!("runner_keys.json");

/// A key as in `.credentials_rsaparams`: big-endian numbers in base64.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Private exponent.
    pub d: String,
    /// `d mod (p-1)`.
    pub dp: String,
    /// `d mod (q-1)`.
    pub dq: String,
    /// Public exponent.
    pub exponent: String,
    /// `q^-1 mod p`.
    pub inverse_q: String,
    /// Modulus.
    pub modulus: String,
    /// First prime.
    pub p: String,
    /// Second prime.
    pub q: String,
}

/// Returns the key for a runner's id. Consecutive ids have different keys.
pub fn key(number: u64) -> &'static Key {
    static PARSED: OnceLock<Vec<Key>> = OnceLock::new();
    let keys =
        PARSED.get_or_init(|| serde_json::from_str(KEYS).expect("the embedded file is valid"));
    &keys[usize::try_from(number % keys.len() as u64).unwrap_or_default()]
}

/// The public half of a key, in base64.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    pub(crate) modulus: String,
    pub(crate) exponent: String,
}

impl PublicKey {
    /// Parses the XML in which a runner sends its key at registration.
    pub(crate) fn from_xml(text: &str) -> Option<Self> {
        let between = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
        };
        Some(Self { modulus: between("Modulus")?, exponent: between("Exponent")? })
    }

    /// Verifies the signature of a token request: a JWT in PS256.
    pub(crate) fn verifies(&self, jwt: &str) -> bool {
        let Some((text, signature)) = jwt.rsplit_once('.') else { return false };
        let number = |of: &String| STANDARD.decode(of).unwrap_or_default();
        let (n, e) = (number(&self.modulus), number(&self.exponent));
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        RsaPublicKeyComponents { n, e }
            .verify(&RSA_PSS_2048_8192_SHA256, text.as_bytes(), &signature)
            .is_ok()
    }
}

impl From<&Key> for PublicKey {
    fn from(key: &Key) -> Self {
        Self { modulus: key.modulus.clone(), exponent: key.exponent.clone() }
    }
}

/// Returns the subject of a JWT: the client id of the runner that requests a token.
pub(crate) fn subject(jwt: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}
