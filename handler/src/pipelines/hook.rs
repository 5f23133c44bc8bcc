//! Events of the service hook "Run job state changed".
//!
//! An event has no signature: its authenticity rests on TLS and a password, and everything that it says is read again from
//! the service. A subscription whose deliveries are answered with 500, 429 or 404 is put on probation, in which all events are
//! lost, so every authentic event is answered 200 or 202, and 503 for two minutes at most.
//! <https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot>

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::subscription::EVENT_TYPE;
use crate::json::{JsonFault, Object};
use crate::secret::{Rotating, Secret};

/// Maximum size of the body of an event. A payload is limited to 2 MB, and the events of jobs take a few thousand bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How long 503 is answered while the queue cannot be written: after eight retries, 183 seconds, a delivery counts as failed
/// for good.
pub const QUEUE_TIMEOUT: TimeDelta = TimeDelta::minutes(2);
/// The header that can have the secret instead of the password. Its value can be read in the subscription.
pub const SECRET_HEADER: &str = "x-mayfly-secret";
/// The versions of the event begin with this one.
const VERSION: &str = "5.1";

/// The secrets of the subscriptions.
#[derive(Clone, Copy, Debug)]
pub struct HookSecrets<'a> {
    /// The password of basic authentication. The name of the user is not checked.
    pub password: Option<&'a Rotating>,
    /// The value of the header.
    pub header: Option<&'a Rotating>,
}

/// The headers of a request that may authenticate it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// [`SECRET_HEADER`].
    pub secret: Option<&'a str>,
}

/// The request was not sent by a subscription with a secret of the settings.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the event is not authenticated: set the password of setting AzureDevOpsHookPassword in the subscription"
)]
pub struct NotAuthentic;

/// Authenticates a request.
///
/// # Errors
/// When it has neither the password nor the value of the header.
pub fn authenticate(secrets: HookSecrets<'_>, given: Presented<'_>) -> Result<(), NotAuthentic> {
    let password = given.authorization.and_then(password);
    let by_password = password.is_some_and(|password| is_any(secrets.password, &password));
    let by_header = given.secret.is_some_and(|secret| is_any(secrets.header, secret));
    if by_password || by_header { Ok(()) } else { Err(NotAuthentic) }
}

/// Returns the password of basic authentication.
fn password(authorization: &str) -> Option<String> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let pair = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let (_, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    scheme.eq_ignore_ascii_case("Basic").then(|| password.to_owned())
}

/// Compares digests in constant time, so that the comparison shows neither a prefix nor a length.
fn is_any(secrets: Option<&Rotating>, given: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let given = digest(given);
    let is = |secret: &Secret| bool::from(digest(secret.expose()).ct_eq(&given));
    // Each value is compared, whichever is equal.
    secrets.is_some_and(|secrets| secrets.all().fold(false, |found, secret| found | is(secret)))
}

/// What is done about an authentic event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The pools are read.
    Job {
        /// The id of the run.
        run: u64,
        /// The state of the job: `waiting`, `inProgress` or `completed`.
        state: String,
    },
    /// Nothing, with the reason.
    Ignored(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    resource_version: String,
    resource: Option<Object<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    job: Option<Object<Job>>,
    run: Option<Object<Run>>,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
}

/// Parses an event. Whatever is not the event of a job's state, in a known version, is ignored with a reason: an error would
/// put the subscription on probation.
pub fn parse(body: &[u8]) -> Event {
    let payload: Payload = match serde_json::from_slice(body) {
        Ok(Object(payload)) => payload,
        Err(err) => {
            return Event::Ignored(format!("the body is not an event: {}", JsonFault::from(err)));
        }
    };
    if payload.event_type != EVENT_TYPE {
        return Event::Ignored(format!("the event is not {EVENT_TYPE}"));
    }
    if !payload.resource_version.starts_with(VERSION) {
        return Event::Ignored(format!("the version of the event is not {VERSION}"));
    }
    let resource = payload.resource.map(|Object(resource)| resource);
    let (job, run) = resource.map_or((None, None), |resource| (resource.job, resource.run));
    let state = job.map(|Object(job)| job.state).unwrap_or_default();
    let is_known = ["waiting", "inProgress", "completed"].contains(&state.as_str());
    match run {
        Some(Object(run)) if is_known => Event::Job { run: run.id, state },
        _ => Event::Ignored(
            "the event has no run, or no state of a job that is known: let the subscription send all resource details".to_owned(),
        ),
    }
}

/// Returns whether a delivery is answered 503, given since when the queue cannot be written.
pub fn is_retried(failing_since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - failing_since < QUEUE_TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "hunter2-hunter2-";

    fn check(given: Presented<'_>) -> bool {
        let password = Rotating::parse(&format!("{PASSWORD},hunter1-hunter1-")).expect("two");
        let header = Rotating::parse("a-secret-in-a-header").expect("one");
        let secrets = HookSecrets { password: Some(&password), header: Some(&header) };
        authenticate(secrets, given).is_ok()
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[test]
    fn a_password_or_a_header_authenticates_an_event() {
        let authorized = |pair: &str| {
            let value = basic(pair);
            check(Presented { authorization: Some(&value), secret: None })
        };
        assert!(authorized("anyone:hunter2-hunter2-") && authorized(":hunter1-hunter1-"));
        for wrong in ["anyone:hunter3", "hunter2-hunter2-", ":", "", "a:a-secret-in-a-header"] {
            assert!(!authorized(wrong), "{wrong}");
        }
        let bearer = basic(":hunter2-hunter2-").replace("Basic", "Bearer");
        assert!(!check(Presented { authorization: Some(&bearer), secret: None }));
        assert!(check(Presented { authorization: None, secret: Some("a-secret-in-a-header") }));
        assert!(!check(Presented { authorization: None, secret: Some(PASSWORD) }));
        assert!(!check(Presented::default()));
        let none = HookSecrets { password: None, header: None };
        let given = Presented { authorization: Some(&basic(":")), secret: Some("") };
        assert_eq!(authenticate(none, given), Err(NotAuthentic));
    }

    #[test]
    fn only_a_known_event_is_acted_on() {
        let event = |from: &str, to: &str| {
            let json = r#"{"eventType":"ms.vss-pipelines.job-state-changed-event","resourceVersion":"5.1-preview.1","resource":{"job":{"id":"j","state":"waiting","result":null},"run":{"id":673585}}}"#;
            assert!(json.contains(from), "{from}");
            parse(json.replace(from, to).as_bytes())
        };
        assert_eq!(
            event("waiting", "waiting"),
            Event::Job { run: 673_585, state: "waiting".to_owned() }
        );
        for (from, to) in [
            ("ms.vss-pipelines.job-state", "git.push"),
            ("5.1", "9.0"),
            ("waiting", "paused"),
            ("673585", "null"),
            (r#""run""#, r#""runs""#),
            ("{", "["),
        ] {
            assert!(matches!(event(from, to), Event::Ignored(_)), "{from}");
        }
        assert!(
            matches!(parse(b""), Event::Ignored(_)) && matches!(parse(b"[]"), Event::Ignored(_))
        );
    }
}
