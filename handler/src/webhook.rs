//! Parses a webhook delivery: its signature first, then its event.
//!
//! A [`Delivery`] can be obtained only by verifying a signature, and an [`Event`] only from a delivery.

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use crate::json::{JsonFault, shortened};
use crate::secret::{Rotating, Secret};

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

/// The event of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The event that GitHub sends to a new webhook.
    Ping,
    /// A change of a job.
    WorkflowJob(WorkflowJobEvent),
    /// An event of a job that GitHub could not read any more: its `workflow_job` is null. Reconciliation lists the job if
    /// it waits, and a redelivery would have the same body.
    NoJob,
    /// An event of another name, to which the webhook should not be subscribed.
    Other(String),
}

/// The needed fields of a `workflow_job` event. Unknown fields and values are accepted.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job>
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct WorkflowJobEvent {
    /// `queued`, `waiting`, `in_progress`, `completed`, or a later addition.
    pub action: String,
    /// The job.
    pub workflow_job: WorkflowJob,
    /// The repository of its workflow.
    pub repository: EventRepository,
}

/// The job of an event.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct WorkflowJob {
    /// The job's id. A re-run creates a job with another id.
    pub id: u64,
    /// The id of its workflow run.
    pub run_id: u64,
    /// `queued`, `waiting`, `in_progress`, `completed`, or a later addition.
    pub status: String,
    /// The labels of its `runs-on`.
    pub labels: Vec<String>,
    /// The runner to which it is or was assigned; null or empty if there is none.
    pub runner_name: Option<String>,
    /// The id of that runner; null or 0 if there is none.
    #[serde(default)]
    pub runner_id: Option<u64>,
}

/// The repository of an event.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct EventRepository {
    /// `owner/name`.
    pub full_name: String,
    /// Whether it is private or internal.
    pub private: bool,
    /// Its owner.
    #[serde(default)]
    pub owner: Option<EventOwner>,
}

/// The owner of a repository.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct EventOwner {
    /// `User`, `Organization`, or a later addition.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

impl EventRepository {
    /// Returns whether a user owns it. Only an organization has runners for several repositories.
    pub fn is_users(&self) -> bool {
        let kind = self.owner.as_ref().and_then(|owner| owner.kind.as_deref());
        kind == Some("User")
    }
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

impl Delivery<'_> {
    /// Parses the body as an event of the type in header `X-GitHub-Event`.
    ///
    /// # Errors
    /// When a `workflow_job` event lacks a required field.
    pub fn parse(self, event: &str) -> Result<Event, BadPayload> {
        match event {
            "ping" => Ok(Event::Ping),
            "workflow_job" => match self.workflow_job() {
                Ok(event) => Ok(Event::WorkflowJob(event)),
                Err(_) if self.has_null_job() => Ok(Event::NoJob),
                Err(fault) => Err(fault),
            },
            other => Ok(Event::Other(other.to_owned())),
        }
    }

    fn workflow_job(self) -> Result<WorkflowJobEvent, BadPayload> {
        // Plain parsing is several times faster than parsing with paths, and nearly every delivery is valid.
        serde_json::from_slice(self.body).map_err(|_| self.fault())
    }

    /// Returns whether the event is complete but for its job, which is null.
    fn has_null_job(self) -> bool {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "the fields are parsed, and not used")]
        struct WithoutJob {
            action: String,
            workflow_job: (),
            repository: EventRepository,
        }
        serde_json::from_slice::<WithoutJob>(self.body).is_ok()
    }

    fn fault(self) -> BadPayload {
        if self.body.starts_with(b"payload=") {
            return BadPayload::FormEncoded;
        }
        let mut json = serde_json::Deserializer::from_slice(self.body);
        match serde_path_to_error::deserialize::<_, WorkflowJobEvent>(&mut json) {
            Ok(_) => BadPayload::field("the body", "trailing characters"),
            Err(err) => {
                let path = shortened(&err.path().to_string());
                // Quoted: a key of the payload may look like a field of the log line.
                let quoted = format!("{path:?}");
                let field = if matches!(path.as_str(), "." | "?") { "the body" } else { &quoted };
                BadPayload::field(field, &JsonFault::from(err.into_inner()).to_string())
            }
        }
    }
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

    #[track_caller]
    fn check(body: &str, expect: &str) {
        let parsed = match (Delivery { body: body.as_bytes() }).parse("workflow_job") {
            Ok(event) => format!("{event:?}"),
            Err(err) => err.to_string(),
        };
        assert!(parsed.contains(expect), "{parsed} should contain {expect}");
    }

    #[test]
    fn a_faulty_field_is_named() {
        let valid = r#"{"action":"queued","workflow_job":{"id":1,"run_id":2,"status":"queued","labels":["a"]},"repository":{"full_name":"o/r","private":true}}"#;
        check(valid, "labels: [\"a\"]");
        check(&valid.replace(r#""id":1"#, r#""id":"1""#), "\"workflow_job.id\": expected u64");
        check(
            &valid.replace(r#"["a"]"#, r#"["a",{}]"#),
            "\"workflow_job.labels[1]\": expected a string",
        );
        check(&valid.replace(r#","labels":["a"]"#, ""), "missing field `labels`");
        check(
            &valid.replace(r#"{"id":1,"run_id":2,"status":"queued","labels":["a"]}"#, "null"),
            "NoJob",
        );
        check(&valid.replace(r#""workflow_job""#, r#""job""#), "missing field `workflow_job`");
        check(r#"{"action":"queued","workflow_job":null}"#, "\"workflow_job\": expected struct");
        check(&valid.replace("private", "secret"), "\"repository\": missing field `private`");
        check("payload=%7B%7D", "application/json");
        check("{", "EOF");
        check("", "EOF");
        check(&format!("{valid}x"), "trailing characters");
        check(&valid.replace(r#""action""#, r#""a\nb":tzue,"action""#), "\"ab\": expected ident");
        // A key cannot be read as the field of an alert in the log.
        let key = valid.replace(r#""action""#, r#""x alarm=\"firewall\"":tzue,"action""#);
        check(&key, r#""x alarm=\"firewall\"": expected ident"#);
    }

    #[test]
    fn unknown_fields_and_values_are_accepted() {
        check(
            r#"{"action":"paused","new":[1],"workflow_job":{"id":1,"run_id":2,"status":"ünbekannt","labels":["ü","日本"],"x":{}},"repository":{"full_name":"o/r","private":false}}"#,
            "ünbekannt",
        );
        assert_eq!(Delivery { body: b"" }.parse("push"), Ok(Event::Other("push".to_owned())));
    }
}
