//! The runner's RSA key in `.credentials_rsaparams`, and JWTs signed with it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::RSA_PSS_SHA256;
use serde::Deserialize;
use serde_json::Value;

/// The parameters of a key, in base64.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    d: String,
    dp: String,
    dq: String,
    exponent: String,
    inverse_q: String,
    modulus: String,
    p: String,
    q: String,
}

/// Parses a key, and checks that its numbers are consistent.
///
/// # Errors
/// The text that the listener prints if a number is missing, is not base64, or is inconsistent with the others.
pub(crate) fn parse(file: &[u8]) -> Result<KeyPair, String> {
    let parameters: Parameters = serde_json::from_slice(file).map_err(|err| err.to_string())?;
    let number = |text: &str| {
        let text = STANDARD.decode(text);
        text.map_err(|_| "The input is not a valid Base-64 string".to_owned())
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: number(&parameters.modulus)?,
            e: number(&parameters.exponent)?,
        },
        d: number(&parameters.d)?,
        p: number(&parameters.p)?,
        q: number(&parameters.q)?,
        dP: number(&parameters.dp)?,
        dQ: number(&parameters.dq)?,
        qInv: number(&parameters.inverse_q)?,
    };
    KeyPair::from_components(&components)
        .map_err(|err| format!("The specified RSA parameters are not valid: {err}"))
}

/// Writes claims as a JWT signed with the key.
pub(crate) fn sign(key: &KeyPair, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256","typ":"JWT"}"#);
    let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    let signed = key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.expect("the buffer has the length of the modulus, and the system has random bytes");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
