//! The agent's RSA key in `.credentials_rsaparams`, and JWTs signed with it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde::Deserialize;
use serde_json::Value;

/// The numbers of a key, in base64. The file of today's agents has two more members, which these do not need.
#[derive(Deserialize)]
struct Numbers {
    d: String,
    dp: String,
    dq: String,
    exponent: String,
    #[serde(rename = "inverseQ")]
    inverse_q: String,
    modulus: String,
    p: String,
    q: String,
}

/// Parses a key, and checks that its numbers are consistent.
///
/// # Errors
/// A number is missing, is not base64, or is inconsistent with the others.
pub(crate) fn parse(file: &str) -> Result<KeyPair, String> {
    let numbers: Numbers = serde_json::from_str(file).map_err(|error| error.to_string())?;
    let number = |text: &str| {
        let bytes = STANDARD.decode(text).map_err(|_| "a number is not base64".to_owned())?;
        // The members have a fixed length; ring accepts no leading zero bytes.
        Ok::<_, String>(bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>())
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: number(&numbers.modulus)?,
            e: number(&numbers.exponent)?,
        },
        d: number(&numbers.d)?,
        p: number(&numbers.p)?,
        q: number(&numbers.q)?,
        dP: number(&numbers.dp)?,
        dQ: number(&numbers.dq)?,
        qInv: number(&numbers.inverse_q)?,
    };
    KeyPair::from_components(&components).map_err(|error| format!("the key is invalid: {error}"))
}

/// Writes claims as a JWT in RS256.
pub(crate) fn sign(key: &KeyPair, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256"}"#);
    let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.expect("the buffer has the length of the modulus, and the system has random bytes");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
