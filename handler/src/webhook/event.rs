//! The events of deliveries: which fields are read, and what is made of a field that GitHub left empty.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{BadPayload, Delivery};
use crate::json::{JsonFault, Object, shortened};

/// The event of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The event that GitHub sends to a new webhook.
    Ping,
    /// A change of a job.
    WorkflowJob(WorkflowJobEvent),
    /// An event of a job that GitHub could not read any more: this field, without which no job is known, is null.
    /// Reconciliation lists the job if it waits, and a redelivery would have the same body.
    Incomplete(&'static str),
    /// An event of another name, to which the webhook should not be subscribed.
    Other(String),
}

/// The needed fields of a `workflow_job` event. Unknown fields and values are accepted. A field is `None` if it is null.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job>
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowJobEvent {
    /// `queued`, `waiting`, `in_progress`, `completed`, or a later addition.
    pub action: String,
    /// The job.
    pub workflow_job: WorkflowJob,
    /// The repository of its workflow.
    pub repository: EventRepository,
}

/// The job of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowJob {
    /// The job's id. A re-run creates a job with another id.
    pub id: u64,
    /// The id of its workflow run.
    pub run_id: Option<u64>,
    /// `queued`, `waiting`, `in_progress`, `completed`, or a later addition.
    pub status: Option<String>,
    /// The labels of its `runs-on`; `None` if one of them is null, too.
    pub labels: Option<Vec<String>>,
    /// The runner to which it is or was assigned, if there is one.
    pub runner_name: Option<String>,
    /// The id of that runner, if there is one.
    pub runner_id: Option<u64>,
}

/// The repository of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRepository {
    /// `owner/name`.
    pub full_name: String,
    /// Whether it is private or internal.
    pub private: Option<bool>,
    /// Whether a user owns it. Only an organization has runners for several repositories.
    pub is_users: bool,
}

/// The fields of the payload. A field that has no default must be present, and may be null.
#[derive(Deserialize)]
struct Payload {
    #[serde(deserialize_with = "nullable")]
    action: Option<String>,
    #[serde(deserialize_with = "nullable")]
    workflow_job: Option<Object<JobPayload>>,
    #[serde(deserialize_with = "nullable")]
    repository: Option<Object<RepositoryPayload>>,
}

#[derive(Deserialize)]
struct JobPayload {
    #[serde(deserialize_with = "nullable")]
    id: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    run_id: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    status: Option<String>,
    #[serde(deserialize_with = "nullable")]
    labels: Option<Vec<Option<String>>>,
    /// Null or empty if there is none.
    runner_name: Option<String>,
    /// Null, 0 or an empty text if there is none: <https://github.com/actions/runner/issues/4684>.
    #[serde(default)]
    runner_id: Value,
}

#[derive(Deserialize)]
struct RepositoryPayload {
    #[serde(deserialize_with = "nullable")]
    full_name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    private: Option<bool>,
    #[serde(default)]
    owner: Option<Object<OwnerPayload>>,
}

#[derive(Deserialize)]
struct OwnerPayload {
    /// `User`, `Organization`, or a later addition.
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// Reads a field that may be null, and must be present.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

impl Payload {
    /// Returns the event; the name of a field if it is null and no job is known without it.
    fn event(self) -> Result<WorkflowJobEvent, &'static str> {
        let action = self.action.ok_or("action")?;
        let Object(job) = self.workflow_job.ok_or("workflow_job")?;
        let Object(repository) = self.repository.ok_or("repository")?;
        let kind = repository.owner.and_then(|Object(owner)| owner.kind);
        Ok(WorkflowJobEvent {
            action,
            workflow_job: WorkflowJob {
                id: job.id.ok_or("workflow_job.id")?,
                run_id: job.run_id,
                status: job.status,
                labels: job.labels.and_then(|labels| labels.into_iter().collect()),
                runner_name: job.runner_name.filter(|name| !name.is_empty()),
                runner_id: job.runner_id.as_u64().filter(|&id| id > 0),
            },
            repository: EventRepository {
                full_name: repository.full_name.ok_or("repository.full_name")?,
                private: repository.private,
                is_users: kind.as_deref() == Some("User"),
            },
        })
    }
}

impl Delivery<'_> {
    /// Parses the body as an event of the type in header `X-GitHub-Event`.
    ///
    /// # Errors
    /// When a `workflow_job` event lacks a required field, or has one of another type.
    pub fn parse(self, event: &str) -> Result<Event, BadPayload> {
        match event {
            "ping" => Ok(Event::Ping),
            // Plain parsing is several times faster than parsing with paths, and nearly every delivery is valid.
            "workflow_job" => match serde_json::from_slice::<Object<Payload>>(self.body) {
                Ok(Object(payload)) => {
                    Ok(payload.event().map_or_else(Event::Incomplete, Event::WorkflowJob))
                }
                Err(_) => Err(self.fault()),
            },
            other => Ok(Event::Other(other.to_owned())),
        }
    }

    fn fault(self) -> BadPayload {
        if self.body.starts_with(b"payload=") {
            return BadPayload::FormEncoded;
        }
        let mut json = serde_json::Deserializer::from_slice(self.body);
        match serde_path_to_error::deserialize::<_, Object<Payload>>(&mut json) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        check(valid, "labels: Some([\"a\"])");
        check(&valid.replace(r#""id":1"#, r#""id":"1""#), "\"workflow_job.id\": expected u64");
        check(
            &valid.replace(r#"["a"]"#, r#"["a",{}]"#),
            "\"workflow_job.labels[1]\": expected a string",
        );
        check(&valid.replace(r#","labels":["a"]"#, ""), "missing field `labels`");
        check(
            &valid.replace(r#"{"id":1,"run_id":2,"status":"queued","labels":["a"]}"#, "null"),
            r#"Incomplete("workflow_job")"#,
        );
        check(&valid.replace(r#""workflow_job""#, r#""job""#), "missing field `workflow_job`");
        check(r#"{"action":"queued","workflow_job":null}"#, "missing field `repository`");
        check(&valid.replace("private", "secret"), "\"repository\": missing field `private`");
        // An array of the values of the fields is no object.
        for array in [r#"["o/r",true]"#, "[null,null]", "[]"] {
            let faulty = valid.replace(r#"{"full_name":"o/r","private":true}"#, array);
            check(&faulty, "\"repository\": expected an object");
        }
        let job = r#"{"id":1,"run_id":2,"status":"queued","labels":["a"]}"#;
        let array = valid.replace(job, r#"[1,2,"queued",["a"],null]"#);
        check(&array, "\"workflow_job\": expected an object");
        let owned = valid.replace(r#""private":true"#, r#""private":true,"owner":["User"]"#);
        check(&owned, "\"repository.owner\": expected an object");
        check("[null,null,null]", "the body: expected an object");
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
