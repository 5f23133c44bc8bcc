//! The runner's RSA key, as `.credentials_rsaparams` holds it, and what the runner signs with it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::RSA_PSS_SHA256;
use serde::Deserialize;
use serde_json::Value;

/// The parameters of the key, in base64.
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

/// Reads a key, and checks that its numbers belong together.
///
/// # Errors
/// The text that the runner prints: a number is missing, is not base64, or does not belong to the others.
pub(super) fn read(file: &[u8]) -> Result<KeyPair, String> {
    let read: Parameters = serde_json::from_slice(file).map_err(|err| err.to_string())?;
    let number = |text: &str| {
        let text = STANDARD.decode(text);
        text.map_err(|_| "The input is not a valid Base-64 string".to_owned())
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: number(&read.modulus)?, e: number(&read.exponent)? },
        d: number(&read.d)?,
        p: number(&read.p)?,
        q: number(&read.q)?,
        dP: number(&read.dp)?,
        dQ: number(&read.dq)?,
        qInv: number(&read.inverse_q)?,
    };
    KeyPair::from_components(&components)
        .map_err(|err| format!("The specified RSA parameters are not valid: {err}"))
}

/// Writes claims as a JWT that the key signs.
pub(super) fn sign(key: &KeyPair, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256","typ":"JWT"}"#);
    let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    let signed = key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.expect("the signature is as long as the modulus, and the system gives random bytes");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
