//! Webhook signatures.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// Signs a payload with SHA-256, for `X-Hub-Signature-256`.
pub fn signature_256(secret: &str, payload: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key length");
    format!(
        "sha256={:x}",
        Bytes::copy_from_slice(&mac.chain_update(payload).finalize().into_bytes())
    )
}

/// Signs a payload with SHA-1, for the older `X-Hub-Signature`.
pub fn signature_1(secret: &str, payload: &[u8]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key length");
    format!("sha1={:x}", Bytes::copy_from_slice(&mac.chain_update(payload).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vector_of_githubs_documentation_verifies() {
        let signature = signature_256("It's a Secret to Everybody", b"Hello, World!");
        assert_eq!(
            signature,
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
