//! Reads a webhook delivery: its signature first, then its event.
//!
//! The only way to hold a [`Delivery`] is through its signature, and the only way to an [`Event`] is
//! through a delivery.

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use crate::json::{JsonFault, shortened};
use crate::secret::{Rotating, Secret};

/// The largest body that is looked at. GitHub caps payloads at 25 MB, but a `workflow_job` is about 7 kB.
pub const BODY_LIMIT: usize = 1 << 20;

/// A body whose signature verified.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    body: &'a [u8],
}

/// The signature is missing, of a form we do not take, or wrong.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadSignature {
    /// There is no SHA-256 signature; GitHub still sends a SHA-1 one beside it, which proves nothing.
    #[error("header X-Hub-Signature-256 is missing: set a secret on the webhook")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("header X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits")]
    Malformed,
    /// The body was signed with another secret, or changed on its way.
    #[error(
        "the signature does not fit: the webhook's secret must be that of setting GithubWebhookSecret"
    )]
    Wrong,
}

/// Verifies GitHub's signature over the raw body (header `X-Hub-Signature-256`), in constant time.
///
/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
///
/// # Errors
/// [`BadSignature`] where no value of the secret gives this signature.
pub fn verify<'a>(
    secret: &Rotating,
    signature: Option<&str>,
    body: &'a [u8],
) -> Result<Delivery<'a>, BadSignature> {
    let signature = signature.ok_or(BadSignature::Missing)?;
    let hex = signature.strip_prefix("sha256=").ok_or(BadSignature::Malformed)?;
    let tag = decode_hex(hex).ok_or(BadSignature::Malformed)?;
    let fits = |secret: &Secret| mac(secret, body).verify_slice(&tag).is_ok();
    if secret.all().any(fits) { Ok(Delivery { body }) } else { Err(BadSignature::Wrong) }
}

fn mac(secret: &Secret, body: &[u8]) -> Hmac<Sha256> {
    let key = secret.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    mac
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(tag)
}

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// GitHub's greeting to a new webhook.
    Ping,
    /// Something happened to a job.
    WorkflowJob(WorkflowJobEvent),
    /// An event that we did not ask for, by its name.
    Other(String),
}

/// A `workflow_job` event, as far as it is needed; unknown fields and values pass.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job>
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct WorkflowJobEvent {
    /// `queued`, `waiting`, `in_progress`, `completed`, or one that did not exist yet.
    pub action: String,
    /// The job.
    pub workflow_job: WorkflowJob,
    /// Where its workflow lives.
    pub repository: EventRepository,
}

/// The job of an event.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct WorkflowJob {
    /// Identifies the job; a re-run of it gets another.
    pub id: u64,
    /// Identifies the run that it belongs to.
    pub run_id: u64,
    /// `queued`, `waiting`, `in_progress`, `completed`, or one that did not exist yet.
    pub status: String,
    /// What `runs-on` asks for.
    pub labels: Vec<String>,
    /// The runner that has it, or had it; null, or an empty name, where there is none.
    pub runner_name: Option<String>,
}

/// The repository of an event.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct EventRepository {
    /// `owner/name`.
    pub full_name: String,
    /// Whether the public cannot read it.
    pub private: bool,
}

/// A signed body that is not the event that its header names.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadPayload {
    /// GitHub's default content type for a webhook is form-encoded.
    #[error("the body is form-encoded: set the webhook's content type to application/json")]
    FormEncoded,
    /// A needed field is missing or of the wrong kind, or the body is no JSON at all.
    #[error("{field}: {fault}")]
    Field {
        /// The path of the field, such as `workflow_job.labels[3]`, or the whole body.
        field: String,
        /// What is wrong with it.
        fault: String,
    },
}

impl Delivery<'_> {
    /// Reads the delivery as the event that header `X-GitHub-Event` names.
    ///
    /// # Errors
    /// [`BadPayload`] where a `workflow_job` lacks what we need.
    pub fn read(self, event: &str) -> Result<Event, BadPayload> {
        match event {
            "ping" => Ok(Event::Ping),
            "workflow_job" => self.workflow_job().map(Event::WorkflowJob),
            other => Ok(Event::Other(other.to_owned())),
        }
    }

    fn workflow_job(self) -> Result<WorkflowJobEvent, BadPayload> {
        // The plain parse is several times faster than the one that keeps track of paths, and nearly
        // every delivery is sound.
        serde_json::from_slice(self.body).map_err(|_| self.fault())
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
                let field = if matches!(path.as_str(), "." | "?") { "the body" } else { &path };
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
        let rotating = secret(&format!("the new one,{SECRET}"));
        assert!(verify(&rotating, Some(DOCUMENTED), b"Hello, World!").is_ok());
    }

    #[test]
    fn nothing_else_verifies() {
        let refused =
            |signature: Option<&str>, body: &[u8]| verify(&secret(SECRET), signature, body).err();
        assert_eq!(refused(None, b"Hello, World!"), Some(BadSignature::Missing));
        assert_eq!(refused(Some("sha1=01"), b""), Some(BadSignature::Malformed));
        assert_eq!(refused(Some("sha256=757107"), b""), Some(BadSignature::Malformed));
        assert_eq!(
            refused(Some(&DOCUMENTED.replace("17", "ö")), b""),
            Some(BadSignature::Malformed)
        );
        assert_eq!(refused(Some(DOCUMENTED), b"Hello, World?"), Some(BadSignature::Wrong));
    }

    #[track_caller]
    fn check(body: &str, expect: &str) {
        let seen = match (Delivery { body: body.as_bytes() }).read("workflow_job") {
            Ok(event) => format!("{event:?}"),
            Err(err) => err.to_string(),
        };
        assert!(seen.contains(expect), "{seen} should contain {expect}");
    }

    #[test]
    fn a_faulty_field_is_named() {
        let sound = r#"{"action":"queued","workflow_job":{"id":1,"run_id":2,"status":"queued","labels":["a"]},"repository":{"full_name":"o/r","private":true}}"#;
        check(sound, "labels: [\"a\"]");
        check(&sound.replace(r#""id":1"#, r#""id":"1""#), "workflow_job.id: expected u64");
        check(
            &sound.replace(r#"["a"]"#, r#"["a",{}]"#),
            "workflow_job.labels[1]: expected a string",
        );
        check(&sound.replace(r#","labels":["a"]"#, ""), "missing field `labels`");
        check(&sound.replace("private", "secret"), "repository: missing field `private`");
        check("payload=%7B%7D", "application/json");
        check("{", "EOF");
        check("", "EOF");
        check(&format!("{sound}x"), "trailing characters");
        check(&sound.replace(r#""action""#, r#""a\nb":tzue,"action""#), "ab: expected ident");
    }

    #[test]
    fn unknown_fields_and_values_pass() {
        check(
            r#"{"action":"paused","new":[1],"workflow_job":{"id":1,"run_id":2,"status":"ünbekannt","labels":["ü","日本"],"x":{}},"repository":{"full_name":"o/r","private":false}}"#,
            "ünbekannt",
        );
        assert_eq!(Delivery { body: b"" }.read("push"), Ok(Event::Other("push".to_owned())));
    }
}
