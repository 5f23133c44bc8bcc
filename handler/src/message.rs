//! The messages of the queue `runner-requests`: requests for runners, and job events that may change the demand.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::json::JsonFault;
use crate::repository::Repository;

/// GitHub cancels a job that has waited this long, so an older job needs no runner, and older messages are obsolete.
///
/// <https://docs.github.com/en/actions/reference/limits>
pub const MAX_WAIT: TimeDelta = TimeDelta::hours(24);

/// The number of runners of one job. Each of them may be given to another job that has the same labels, and hundreds of
/// such jobs may wait: <https://github.com/actions/runner-images/issues/12330>. A job that needs more is left to an
/// operator.
pub const MAX_REPLACEMENTS: u32 = 1000;

/// A request for a runner, with all facts about the job that Batch and GitHub need.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunnerRequest {
    /// The workflow job's id. The task's id is derived from it, so a duplicate of the message finds the task.
    pub job: u64,
    /// The id of the workflow run.
    pub run: u64,
    /// The repository of the workflow.
    pub repository: Repository,
    /// The profile that serves it.
    pub profile: String,
    /// The labels that its runner has in addition to those of the profile, because the job has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<String>,
    /// Number of the profile's first Batch job that is known to accept tasks; 1 by default.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub generation: u32,
    /// 1 for the job's first runner, 2 and more for its replacements.
    pub replacement: u32,
    /// When the runner was requested.
    pub requested_at: DateTime<Utc>,
}

fn first() -> u32 {
    1
}

fn is_first(generation: &u32) -> bool {
    *generation == 1
}

/// An event: GitHub assigned a job to a runner that was created for another job, which may need a runner now.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reassigned {
    /// The job that runs, or ran. It need not be one that this deployment serves: GitHub assigns it by labels alone.
    pub job: u64,
    /// The repository of its workflow; older handlers did not write it.
    #[serde(default)]
    pub repository: Option<Repository>,
    /// The profile that serves the job, whose Batch jobs contain its own task; `None` if the job is not served. Older
    /// handlers can read a text only, so that `None` is written as an empty one.
    #[serde(default, with = "none_as_empty")]
    pub profile: Option<String>,
    /// The name of the runner on which it runs, or ran.
    pub runner: String,
    /// The id of that runner, if GitHub stated it.
    #[serde(default)]
    pub runner_id: Option<u64>,
    /// Whether this is the second look: the first one found that something may be under way.
    #[serde(default)]
    pub again: bool,
}

/// A text that is written as an empty one if there is none.
mod none_as_empty {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        text: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.as_deref().unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.filter(|text| !text.is_empty()))
    }
}

/// An event: a job ended without a runner, so the requested runner may not be needed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Cancelled {
    /// The job.
    pub job: u64,
    /// The repository of its workflow, as the event names it.
    pub repository: Repository,
    /// The profile that would have served it.
    pub profile: String,
}

/// An event of Azure Pipelines: a job waits, runs or has ended. It names no request, so that the agent pools are read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PipelinesEvent {
    /// The id of the run; 0 for a call that does not name one.
    pub run: u64,
    /// When the event was received, or when the pools are to be read after a call.
    pub received_at: DateTime<Utc>,
}

/// A message of the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Request a runner.
    Request(RunnerRequest),
    /// The runner of another job may need a replacement. Without this message reconciliation would find out later.
    Reassigned(Reassigned),
    /// A task may not be needed. Without this message reconciliation would find out later.
    Cancelled(Cancelled),
    /// The agent pools may need agents. Without this message reconciliation would find out later.
    Pipelines(PipelinesEvent),
}

/// A message with its version `v`, so that queued messages survive an upgrade of the handler.
#[derive(Deserialize, Serialize)]
struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    message: T,
}

/// The messages of version 2. Requests are written as version 1, which older handlers can read.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Version2 {
    Reassigned(Reassigned),
    Cancelled(Cancelled),
    Pipelines(PipelinesEvent),
}

const VERSION: u32 = 2;

/// A message that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is not the JSON of a message.
    #[error("the queue message was not written by this handler")]
    NotAMessage(#[source] JsonFault),
    /// It was written by a newer version.
    #[error(
        "the queue message has version {0}, and this handler reads up to {VERSION}: deploy the newer handler again"
    )]
    Newer(u32),
}

impl Message {
    /// Encodes the text of the queue message: base64, as the Functions host expects by default.
    pub fn encode(&self) -> String {
        let json = match self {
            Self::Request(request) => versioned(1, request),
            Self::Reassigned(reassigned) => versioned(2, Version2::Reassigned(reassigned.clone())),
            Self::Cancelled(cancelled) => versioned(2, Version2::Cancelled(cancelled.clone())),
            Self::Pipelines(event) => versioned(2, Version2::Pipelines(event.clone())),
        };
        BASE64_STANDARD.encode(json)
    }

    /// Returns the id of the workflow job that the message concerns; of Azure Pipelines, that of the run.
    pub fn job(&self) -> u64 {
        match self {
            Self::Request(request) => request.job,
            Self::Reassigned(reassigned) => reassigned.job,
            Self::Cancelled(cancelled) => cancelled.job,
            Self::Pipelines(event) => event.run,
        }
    }

    /// Decodes the JSON of a message. The Functions host has already decoded its base64.
    ///
    /// # Errors
    /// When this version cannot read the message; retrying is useless.
    pub fn decode(json: &str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let Version { v } = serde_json::from_str(json).map_err(not_a_message)?;
        let message = match v {
            0 | 1 => parse(json).map(Self::Request),
            VERSION => parse(json).map(|message| match message {
                Version2::Reassigned(reassigned) => Self::Reassigned(reassigned),
                Version2::Cancelled(cancelled) => Self::Cancelled(cancelled),
                Version2::Pipelines(event) => Self::Pipelines(event),
            }),
            newer => return Err(Malformed::Newer(newer)),
        };
        message.map_err(not_a_message)
    }
}

fn not_a_message(err: serde_json::Error) -> Malformed {
    Malformed::NotAMessage(err.into())
}

fn versioned(v: u32, message: impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&Versioned { v, message }).expect("plain fields always serialize")
}

fn parse<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(json).map(|Versioned { message, .. }| message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(base64: &str) -> String {
        String::from_utf8(BASE64_STANDARD.decode(base64).expect("base64")).expect("text")
    }

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let request = Message::Request(RunnerRequest {
            job: 123,
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            profile: "ubuntu".to_owned(),
            pinned: vec!["run-5".to_owned()],
            generation: 1,
            replacement: 2,
            requested_at: DateTime::UNIX_EPOCH,
        });
        let json = decoded(&request.encode());
        insta::assert_snapshot!(json, @r#"{"v":1,"job":123,"run":45,"repository":"octo/app","profile":"ubuntu","pinned":["run-5"],"replacement":2,"requested_at":"1970-01-01T00:00:00Z"}"#);
        assert_eq!(Message::decode(&json).expect("a request"), request);
        let newer = json.replace(r#""v":1"#, r#""v":3"#);
        assert!(matches!(Message::decode(&newer), Err(Malformed::Newer(3))));
    }

    #[test]
    fn a_message_without_a_valid_repository_is_malformed() {
        let json = r#"{"v":1,"job":1,"run":1,"repository":"../x","profile":"p","replacement":1,"requested_at":"1970-01-01T00:00:00Z"}"#;
        assert!(matches!(Message::decode(json), Err(Malformed::NotAMessage(_))));
    }
}
