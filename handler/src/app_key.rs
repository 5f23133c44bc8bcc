//! Signs the tokens with which a GitHub App proves itself.
//!
//! Signing is rustls's, which the handler links anyway for TLS: a JWT is two JSON objects and a signature.
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

/// GitHub takes at most ten minutes; a clock that is behind must not make more of it.
const LIFE_MINUTES: i64 = 9;
/// A clock that is ahead must not make the token one of the future.
const BACKDATED_SECONDS: i64 = 60;

/// The private key of a GitHub App. It cannot be printed.
#[derive(Clone, Debug)]
pub struct AppKey(Arc<dyn SigningKey>);

impl AppKey {
    /// Reads a key in PEM, as GitHub hands it out (PKCS#1) or as other tools convert it (PKCS#8).
    ///
    /// An application setting may hold the line ends as `\n` in two characters.
    ///
    /// # Errors
    /// What the text must be.
    pub fn parse(pem: &str) -> Result<Self, String> {
        let advice =
            || "is not an RSA private key in PEM: copy the whole file that GitHub made".to_owned();
        let pem = pem.replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| advice())?;
        let key = Self(any_supported_type(&key).map_err(|_| advice())?);
        // A key of another kind reads well, and signs nothing that GitHub takes.
        key.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).map(|_| ()).ok_or_else(advice)?;
        Ok(key)
    }

    /// Writes a token that lives for nine minutes.
    ///
    /// `serial` is its `jti`: GitHub refuses one of two tokens that are alike to the byte, as two of the same
    /// second would be.
    pub fn jwt(&self, app: &str, serial: [u8; 16], now: DateTime<Utc>) -> Secret {
        let issued = now - TimeDelta::seconds(BACKDATED_SECONDS);
        let claims = json!({
            "iss": app,
            "iat": issued.timestamp(),
            "exp": (now + TimeDelta::minutes(LIFE_MINUTES)).timestamp(),
            "jti": format!("{:032x}", u128::from_be_bytes(serial)),
        });
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let signed =
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signer = self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.expect("the key was read as one that signs so");
        let signature = signer.sign(signed.as_bytes()).expect("a sound key signs any bytes");
        Secret::new(format!("{signed}.{}", BASE64.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS1: &str = include_str!("../tests/keys/app.pkcs1.pem");
    const PKCS8: &str = include_str!("../tests/keys/app.pkcs8.pem");

    #[test]
    fn a_key_is_read_in_each_form_that_a_setting_may_have() {
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
    fn what_signs_nothing_that_github_takes_is_refused() {
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
