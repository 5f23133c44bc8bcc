//! The messages on the queue `runner-requests`: one runner for one job, and what may change that.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::json::JsonFault;
use crate::repository::Repository;

/// GitHub cancels a job that has waited this long: nobody is owed a runner for an older one, and what was said of it is of no use.
///
/// <https://docs.github.com/en/actions/reference/limits>
pub const MAX_WAIT: TimeDelta = TimeDelta::hours(24);

/// A request for a runner. Everything that Batch and GitHub need to know of the job is in it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunnerRequest {
    /// The workflow job's id; the task's id comes from it, so that a duplicate meets the task.
    pub job: u64,
    /// The id of the run that the job belongs to.
    pub run: u64,
    /// Where the job's workflow lives.
    pub repository: Repository,
    /// The profile that serves it.
    pub profile: String,
    /// The labels besides the profile's that its runner carries, because the job asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<String>,
    /// The first of the profile's Batch jobs that is said to take tasks; 1 where nothing is said.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub generation: u32,
    /// 1 for the job's first runner, 2 and more for its replacements.
    pub replacement: u32,
    /// When the runner was asked for.
    pub requested_at: DateTime<Utc>,
}

fn first() -> u32 {
    1
}

fn is_first(generation: &u32) -> bool {
    *generation == 1
}

/// A job runs on a runner of ours that was made for another one: that one may need a runner now.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reassigned {
    /// The job that runs.
    pub job: u64,
    /// The profile that serves it: its own task would be found there.
    pub profile: String,
    /// The name of the runner that it runs on.
    pub runner: String,
    /// Whether its own task has been looked for before, in vain.
    #[serde(default)]
    pub again: bool,
}

/// A job ended before it had a runner: nobody needs the one that was asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Cancelled {
    /// The job.
    pub job: u64,
    /// The profile that would have served it.
    pub profile: String,
}

/// A message on the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A runner is asked for.
    Request(RunnerRequest),
    /// Another job's runner may have to be replaced. It is a hint: reconciliation would find out later.
    Reassigned(Reassigned),
    /// A task may be superfluous. It is a hint as well.
    Cancelled(Cancelled),
}

/// Versions are told apart by `v`, so that messages on the road survive an upgrade of the handler.
#[derive(Deserialize, Serialize)]
struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    message: T,
}

/// What came with version 2. Requests are written as version 1, which older handlers read as well.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Second {
    Reassigned(Reassigned),
    Cancelled(Cancelled),
}

const VERSION: u32 = 2;

/// A message that this version cannot read, now or later.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is not the JSON of a message.
    #[error("the queue message is not one of this handler's")]
    NotAMessage(#[source] JsonFault),
    /// It was written by a newer version.
    #[error(
        "the queue message has version {0}, and this handler reads up to {VERSION}: deploy the newer handler again"
    )]
    Newer(u32),
}

impl Message {
    /// Renders the text of the queue message: base64, as the Functions host expects by default.
    pub fn encode(&self) -> String {
        let json = match self {
            Self::Request(request) => versioned(1, request),
            Self::Reassigned(taken) => versioned(2, Second::Reassigned(taken.clone())),
            Self::Cancelled(cancelled) => versioned(2, Second::Cancelled(cancelled.clone())),
        };
        BASE64_STANDARD.encode(json)
    }

    /// Names the workflow job that it is about.
    pub fn job(&self) -> u64 {
        match self {
            Self::Request(request) => request.job,
            Self::Reassigned(taken) => taken.job,
            Self::Cancelled(cancelled) => cancelled.job,
        }
    }

    /// Reads the JSON of a message, which the Functions host has already taken out of its base64.
    ///
    /// # Errors
    /// [`Malformed`], for which no later try can help.
    pub fn decode(json: &str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let Version { v } = serde_json::from_str(json).map_err(not_a_message)?;
        let read = match v {
            0 | 1 => read(json).map(Self::Request),
            VERSION => read(json).map(|second| match second {
                Second::Reassigned(taken) => Self::Reassigned(taken),
                Second::Cancelled(cancelled) => Self::Cancelled(cancelled),
            }),
            newer => return Err(Malformed::Newer(newer)),
        };
        read.map_err(not_a_message)
    }
}

fn not_a_message(err: serde_json::Error) -> Malformed {
    Malformed::NotAMessage(err.into())
}

fn versioned(v: u32, message: impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&Versioned { v, message }).expect("plain fields always serialize")
}

fn read<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
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
    fn a_message_that_names_no_repository_is_malformed() {
        let json = r#"{"v":1,"job":1,"run":1,"repository":"../x","profile":"p","replacement":1,"requested_at":"1970-01-01T00:00:00Z"}"#;
        assert!(matches!(Message::decode(json), Err(Malformed::NotAMessage(_))));
    }

    #[test]
    fn hints_are_messages_of_the_second_version() {
        let runner = "gh-7".to_owned();
        let taken = Reassigned { job: 1, profile: "ubuntu".to_owned(), runner, again: false };
        let cancelled = Cancelled { job: 1, profile: "ubuntu".to_owned() };
        let messages = [Message::Reassigned(taken), Message::Cancelled(cancelled)];
        let written = messages.each_ref().map(|message| decoded(&message.encode()));
        insta::assert_snapshot!(written.join("\n"), @r#"
        {"v":2,"reassigned":{"job":1,"profile":"ubuntu","runner":"gh-7","again":false}}
        {"v":2,"cancelled":{"job":1,"profile":"ubuntu"}}
        "#);
        let read = written.map(|json| Message::decode(&json).expect("a message"));
        assert_eq!(read, messages);
    }
}
