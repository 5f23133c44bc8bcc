//! Describes webhooks: who is told, how a delivery is signed, and what became of it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha1::Sha1;
use sha2::Sha256;

use super::scope::Scope;

/// What a hook belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owner {
    /// It is told of what happens in a scope.
    Scope(Scope),
    /// It is told of what happens to accounts that have installed this App.
    App(u64),
}

/// An address that is told what happens.
#[derive(Clone)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) owner: Owner,
    pub(super) created_at: DateTime<Utc>,
}

/// One attempt to deliver one event to one hook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// Its number; another one for each attempt.
    pub id: u64,
    /// The event's GUID, shared by all hooks that are told and by every attempt.
    pub guid: String,
    /// The hook that is told.
    pub hook: u64,
    /// The event: `workflow_job` or `ping`.
    pub event: &'static str,
    /// The payload's action.
    pub action: Option<&'static str>,
    /// The job that the event is about.
    pub job: Option<u64>,
    /// The installation by which the App is told, where it is an App's hook.
    pub installation: Option<u64>,
    /// The number of its repository.
    pub repository_id: Option<u64>,
    /// Whether somebody asked for this attempt.
    pub redelivery: bool,
    /// When it was handed over, or given up.
    pub delivered_at: DateTime<Utc>,
    /// What came of it; none while it is under way.
    pub outcome: Option<Outcome>,
    /// The request's headers.
    #[serde(skip)]
    pub headers: Vec<(&'static str, String)>,
    /// The request's body.
    #[serde(skip)]
    pub payload: Bytes,
}

/// What came of a delivery.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The answer's status; GitHub shows 502 where it could not connect, 504 where it got no answer.
    pub status_code: u16,
    /// The words that GitHub shows for it.
    pub status: String,
    /// Seconds that it took.
    pub duration: f64,
    /// The answer's body.
    #[serde(skip)]
    pub body: Bytes,
}

impl Hook {
    /// The words for a hook's kind, in payloads and headers.
    pub(super) fn target(&self) -> (&'static str, &'static str) {
        match self.owner {
            Owner::Scope(Scope::Repository(_)) => ("Repository", "repository"),
            Owner::Scope(Scope::Organization(_)) => ("Organization", "organization"),
            Owner::Scope(Scope::Enterprise(_)) => ("Business", "business"),
            Owner::App(_) => ("App", "integration"),
        }
    }
}

impl Outcome {
    /// Tells whether GitHub counts it as a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

/// Signs a payload with SHA-256, as `X-Hub-Signature-256` carries it.
pub fn signature_256(secret: &str, payload: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key will do");
    format!("sha256={}", hex(&mac.chain_update(payload).finalize().into_bytes()))
}

/// Signs a payload with SHA-1, as the older `X-Hub-Signature` still carries it.
pub fn signature_1(secret: &str, payload: &[u8]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any length of key will do");
    format!("sha1={}", hex(&mac.chain_update(payload).finalize().into_bytes()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_githubs_documentation_verifies() {
        let signature = signature_256("It's a Secret to Everybody", b"Hello, World!");
        assert_eq!(
            signature,
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
