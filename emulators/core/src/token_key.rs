//! The signing key of an emulated token endpoint.
//!
//! Access tokens are signed with HS256 instead of Entra's RS256, because a resource could verify RS256 only with Entra's
//! published keys. A resource that has the key of the endpoint can require its signature.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// The signing key of a token endpoint.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl TokenKey {
    /// Derives the key from a secret of the endpoint, such as the value of `IDENTITY_HEADER`.
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// Adds the signature to the two parts of a JWT.
    pub fn sign(&self, parts: &str) -> String {
        let signature = hmac::sign(&self.0, parts.as_bytes());
        format!("{parts}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns whether a JWT has a signature of this key. The comparison takes constant time.
    pub fn has_signed(&self, token: &str) -> bool {
        let Some((parts, signature)) = token.rsplit_once('.') else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        hmac::verify(&self.0, parts.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_signature_is_accepted() {
        let (own, other) = (TokenKey::new("hush"), TokenKey::new("another"));
        let token = own.sign("e30.e30");
        assert!(own.has_signed(&token));
        assert!(!own.has_signed(&other.sign("e30.e30")));
        for forged in ["", "e30.e30", "e30.e30.", "e30.e30.c2ln", "e30.e30.!"] {
            assert!(!own.has_signed(forged), "{forged}");
        }
        assert!(!own.has_signed(&token.replacen("e30", "e31", 1)));
    }
}
