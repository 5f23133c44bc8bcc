//! Parses a webhook delivery: its signature first, then its event.
//!
//! A [`Delivery`] can be obtained only by verifying a signature, and an [`Event`] only from a delivery.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::{Rotating, Secret};

mod event;
#[cfg(test)]
mod nulls;

pub use event::{Event, EventRepository, WorkflowJob, WorkflowJobEvent};

/// Maximum size of a body. GitHub's limit for payloads is 25 MB, but a `workflow_job` has about 7 kB.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A body with a valid signature.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    body: &'a [u8],
}

/// The signature is missing, malformed, or wrong.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadSignature {
    /// There is no SHA-256 signature. GitHub also sends a SHA-1 signature, which proves nothing.
    #[error("header X-Hub-Signature-256 is missing: set a secret on the webhook")]
    Missing,
    /// The header is not `sha256=` followed by 64 hexadecimal digits.
    #[error("header X-Hub-Signature-256 is not sha256= followed by 64 hexadecimal digits")]
    Malformed,
    /// The body was signed with another secret, or changed in transit.
    #[error(
        "the signature does not match: the webhook's secret must equal setting GithubWebhookSecret"
    )]
    Wrong,
}

/// Verifies GitHub's signature over the raw body (header `X-Hub-Signature-256`), in constant time.
///
/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
///
/// # Errors
/// When no value of the secret yields this signature.
pub fn verify<'a>(
    secret: &Rotating,
    signature: Option<&str>,
    body: &'a [u8],
) -> Result<Delivery<'a>, BadSignature> {
    let signature = signature.ok_or(BadSignature::Missing)?;
    let digits = signature.strip_prefix("sha256=").ok_or(BadSignature::Malformed)?;
    let mut tag = [0; 32];
    hex::decode_to_slice(digits, &mut tag).map_err(|_| BadSignature::Malformed)?;
    let matches = |secret: &Secret| mac(secret, body).verify_slice(&tag).is_ok();
    if secret.all().any(matches) { Ok(Delivery { body }) } else { Err(BadSignature::Wrong) }
}

fn mac(secret: &Secret, body: &[u8]) -> Hmac<Sha256> {
    let key = secret.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    mac
}

/// A signed body that is not a valid event of the type in its header.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadPayload {
    /// GitHub's default content type for a webhook is form-encoded.
    #[error("the body is form-encoded: set the webhook's content type to application/json")]
    FormEncoded,
    /// A required field is missing or of the wrong type, or the body is not JSON.
    #[error("{field}: {fault}")]
    Field {
        /// The quoted path of the field, such as `"workflow_job.labels[3]"`, or `the body`.
        field: String,
        /// The fault.
        fault: String,
    },
}

impl BadPayload {
    fn field(field: &str, fault: &str) -> Self {
        Self::Field { field: field.to_owned(), fault: fault.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    /// The example of GitHub's documentation, for the body `Hello, World!`.
    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret(text: &str) -> Rotating {
        Rotating::parse(text).expect("a secret")
    }

    #[test]
    fn githubs_documented_signature_verifies() {
        assert!(verify(&secret(SECRET), Some(DOCUMENTED), b"Hello, World!").is_ok());
        let upper = DOCUMENTED.to_uppercase().replace("SHA256", "sha256");
        assert!(verify(&secret(SECRET), Some(&upper), b"Hello, World!").is_ok());
    }

    #[test]
    fn during_a_rotation_both_secrets_verify() {
        let rotating = secret(&format!("the new secret of the webhook,{SECRET}"));
        assert!(verify(&rotating, Some(DOCUMENTED), b"Hello, World!").is_ok());
    }

    #[test]
    fn no_other_signature_verifies() {
        let error =
            |signature: Option<&str>, body: &[u8]| verify(&secret(SECRET), signature, body).err();
        assert_eq!(error(None, b"Hello, World!"), Some(BadSignature::Missing));
        assert_eq!(error(Some("sha1=01"), b""), Some(BadSignature::Malformed));
        assert_eq!(error(Some("sha256=757107"), b""), Some(BadSignature::Malformed));
        assert_eq!(error(Some(&DOCUMENTED.replace("17", "ö")), b""), Some(BadSignature::Malformed));
        assert_eq!(error(Some(DOCUMENTED), b"Hello, World?"), Some(BadSignature::Wrong));
    }
}
