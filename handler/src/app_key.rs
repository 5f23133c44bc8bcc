//! Signs the tokens with which a GitHub App authenticates.
//!
//! A JWT is two JSON objects and a signature; rustls, which is linked for TLS, has the signer.
//!
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde_json::json;

use crate::secret::Secret;

/// GitHub accepts at most ten minutes. A machine whose clock is behind must not exceed that.
const TOKEN_TTL_MINUTES: i64 = 9;
/// A machine whose clock is ahead must not issue tokens of the future.
const BACKDATE_SECONDS: i64 = 60;

/// The start of each key in PEM.
const BEGIN: &str = "-----BEGIN ";

/// The private key of a GitHub App. It cannot be printed.
#[derive(Clone, Debug)]
pub struct AppKey(Arc<dyn SigningKey>);

impl AppKey {
    /// Parses a key in PEM, in the format of GitHub (PKCS#1) or of other tools (PKCS#8).
    ///
    /// In an application setting, line ends may be written as the two characters `\n`.
    ///
    /// # Errors
    /// When the text is not an RSA key, with what it should be.
    pub fn parse(pem: &str) -> Result<Self, String> {
        let advice =
            || "is not an RSA private key in PEM: copy the whole file from GitHub".to_owned();
        let pem = pem.replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| advice())?;
        let key = Self(any_supported_type(&key).map_err(|_| advice())?);
        // Another kind of key can be parsed, but cannot create a signature that GitHub accepts.
        key.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).map(|_| ()).ok_or_else(advice)?;
        Ok(key)
    }

    /// Parses one or several keys, one after the other.
    ///
    /// # Errors
    /// When one of them is not an RSA key, with what it should be.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        // A text without a key is one that cannot be parsed.
        let mut starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).skip(1).collect();
        starts.push(text.len());
        let mut from = 0;
        let keys =
            starts.into_iter().map(|to| Self::parse(&text[std::mem::replace(&mut from, to)..to]));
        keys.collect()
    }

    /// Creates a token that expires in nine minutes.
    ///
    /// `serial` is its `jti`: GitHub rejects the second of two tokens that are byte for byte equal, as two of the same
    /// second would be.
    pub fn jwt(&self, app: &str, serial: [u8; 16], now: DateTime<Utc>) -> Secret {
        let issued = now - TimeDelta::seconds(BACKDATE_SECONDS);
        let claims = json!({
            "iss": app,
            "iat": issued.timestamp(),
            "exp": (now + TimeDelta::minutes(TOKEN_TTL_MINUTES)).timestamp(),
            "jti": format!("{:032x}", u128::from_be_bytes(serial)),
        });
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let signed =
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signer = self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.expect("parse checked that the key supports this scheme");
        let signature = signer.sign(signed.as_bytes()).expect("a valid key signs any bytes");
        Secret::new(format!("{signed}.{}", BASE64.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS1: &str = include_str!("../tests/keys/app.pkcs1.pem");
    const PKCS8: &str = include_str!("../tests/keys/app.pkcs8.pem");

    #[test]
    fn a_key_is_parsed_in_each_format_that_a_setting_may_have() {
        let one_line = |pem: &str| pem.replace('\n', "\\n");
        let token = |pem: &str| {
            let key = AppKey::parse(pem).expect("a key");
            key.jwt("123", [7; 16], DateTime::UNIX_EPOCH).expose().to_owned()
        };
        let tokens = [PKCS1, PKCS8, &one_line(PKCS1), &one_line(PKCS8)].map(token);
        assert!(tokens.iter().all(|other| *other == tokens[0]));
        let (signed, _) = tokens[0].rsplit_once('.').expect("a signature");
        let read = |part: &str| String::from_utf8(BASE64.decode(part).unwrap()).unwrap();
        let parts: Vec<String> = signed.split('.').map(read).collect();
        insta::assert_snapshot!(parts.join("\n"), @r#"
        {"alg":"RS256","typ":"JWT"}
        {"exp":540,"iat":-60,"iss":"123","jti":"07070707070707070707070707070707"}
        "#);
    }

    #[test]
    fn keys_follow_one_another() {
        let number = |text: &str| AppKey::parse_all(text).map(|keys| keys.len());
        assert_eq!(number(PKCS1), Ok(1));
        assert_eq!(number(&format!("{PKCS1}{PKCS8}\\n{PKCS1}")), Ok(3));
        for faulty in ["", "hush", &format!("{PKCS1}-----BEGIN RSA PRIVATE KEY-----")] {
            let fault = number(faulty).expect_err("no key");
            assert!(fault.starts_with("is not an RSA private key"), "{fault}");
        }
    }

    #[test]
    fn a_key_that_cannot_sign_for_github_is_rejected() {
        for faulty in [
            "",
            "hush",
            "-----BEGIN RSA PRIVATE KEY-----\naHVzaA==\n-----END RSA PRIVATE KEY-----\n",
        ] {
            let fault = AppKey::parse(faulty).expect_err("no key");
            assert!(fault.starts_with("is not an RSA private key") && !fault.contains("hush"));
        }
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let printed = format!("{:?}", AppKey::parse(PKCS1).expect("a key"));
        insta::assert_snapshot!(printed, @"AppKey(RsaSigningKey { algorithm: RSA })");
    }
}
