//! Makes the keys with which agents authenticate.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rsa::BigUint;
use rsa::rand_core::OsRng;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use serde::Serialize;

use crate::secret::Secret;

/// The size of an agent's key, as the agent's own configuration makes it.
const BITS: usize = 2048;
const MODULUS_BYTES: usize = BITS / 8;
const PRIME_BYTES: usize = MODULUS_BYTES / 2;

/// No key could be made.
#[derive(Debug, thiserror::Error)]
#[error("no key for the agent could be made")]
pub struct KeyError;

/// A new key of an agent: the public part, and the file with the private one.
pub struct AgentKey {
    /// The modulus, big endian, in base64.
    pub modulus: String,
    /// The public exponent, in base64.
    pub exponent: String,
    /// The content of `.credentials_rsaparams`.
    pub file: Secret,
}

/// The members of `.credentials_rsaparams`. The agent reads these names exactly.
///
/// <https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/IRSAKeyManager.cs>
#[derive(Serialize)]
struct Parameters {
    #[serde(rename = "ContainerName")]
    container_name: &'static str,
    #[serde(rename = "UseCng")]
    use_cng: bool,
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

/// The source of the keys of agents.
#[derive(Clone)]
pub struct AgentKeys(Option<Arc<dyn Fn() -> AgentKey + Send + Sync>>);

impl AgentKeys {
    /// Returns the source that makes each key from the randomness of the machine.
    pub fn system() -> Self {
        Self(None)
    }

    /// Returns a source that takes its keys from `next`: fixed ones, for simulations.
    pub fn from_fn(next: impl Fn() -> AgentKey + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(next)))
    }

    /// Makes a key. It takes a second of processor time at worst.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub async fn next(&self) -> Result<AgentKey, KeyError> {
        match &self.0 {
            Some(next) => Ok(next()),
            None => tokio::task::spawn_blocking(make).await.map_err(|_| KeyError)?,
        }
    }
}

fn make() -> Result<AgentKey, KeyError> {
    let mut key = rsa::RsaPrivateKey::new(&mut OsRng, BITS).map_err(|_| KeyError)?;
    key.precompute().map_err(|_| KeyError)?;
    let (Some(dp), Some(dq), Some(inverse_q), [p, q]) =
        (key.dp(), key.dq(), key.crt_coefficient(), key.primes())
    else {
        return Err(KeyError);
    };
    let (modulus, exponent) =
        (fixed(key.n(), MODULUS_BYTES), BASE64_STANDARD.encode(key.e().to_bytes_be()));
    let parameters = Parameters {
        container_name: "",
        use_cng: false,
        d: fixed(key.d(), MODULUS_BYTES),
        dp: fixed(dp, PRIME_BYTES),
        dq: fixed(dq, PRIME_BYTES),
        exponent: exponent.clone(),
        inverse_q: fixed(&inverse_q, PRIME_BYTES),
        modulus: modulus.clone(),
        p: fixed(p, PRIME_BYTES),
        q: fixed(q, PRIME_BYTES),
    };
    let file = serde_json::to_string(&parameters).expect("plain fields always serialize");
    Ok(AgentKey { modulus, exponent, file: Secret::new(file) })
}

/// Encodes a number with a fixed number of bytes, big endian: Windows rejects other lengths.
fn fixed(number: &BigUint, length: usize) -> String {
    let bytes = number.to_bytes_be();
    let mut padded = vec![0; length.saturating_sub(bytes.len())];
    padded.extend(bytes);
    BASE64_STANDARD.encode(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_padded_to_its_length() {
        assert_eq!(fixed(&BigUint::from(258_u32), 4), BASE64_STANDARD.encode([0, 0, 1, 2]));
    }

    #[tokio::test]
    async fn a_key_has_all_parts_and_is_not_printed() {
        let key = AgentKeys::system().next().await.expect("a key");
        assert_eq!(
            (key.exponent.as_str(), BASE64_STANDARD.decode(&key.modulus).map(|m| m.len())),
            ("AQAB", Ok(256))
        );
        let file: serde_json::Value = serde_json::from_str(key.file.expose()).expect("JSON");
        for (name, length) in
            [("d", 256), ("dp", 128), ("dq", 128), ("inverseQ", 128), ("p", 128), ("q", 128)]
        {
            let bytes = BASE64_STANDARD.decode(file[name].as_str().expect(name)).expect("base64");
            assert_eq!(bytes.len(), length, "{name}");
        }
        assert!(!format!("{:?}", key.file).contains("inverseQ"));
    }
}
