//! The message on the queue `runner-requests`: one runner for one job.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::repository::Repository;

/// GitHub cancels a job that has waited this long: nobody is owed a runner for an older one, and what was said of it is of no use.
///
/// <https://docs.github.com/en/actions/reference/limits>
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

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

/// Versions are told apart by `v`, so that messages on the road survive an upgrade of the handler.
#[derive(Deserialize, Serialize)]
struct Versioned {
    v: u32,
    #[serde(flatten)]
    request: RunnerRequest,
}

const VERSION: u32 = 1;

/// A message that this version cannot read, now or later.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is not the JSON of a request.
    #[error("the queue message is not a runner request")]
    NotARequest(#[source] serde_json::Error),
    /// It was written by a newer version.
    #[error(
        "the queue message has version {0}, and this handler reads up to {VERSION}: deploy the newer handler again"
    )]
    Newer(u32),
}

impl RunnerRequest {
    /// Renders the text of the queue message: base64, as the Functions host expects by default.
    pub fn encode(&self) -> String {
        let versioned = Versioned { v: VERSION, request: self.clone() };
        let json = serde_json::to_vec(&versioned).expect("plain fields always serialize");
        BASE64_STANDARD.encode(json)
    }

    /// Reads the JSON of a message, which the Functions host has already taken out of its base64.
    ///
    /// # Errors
    /// [`Malformed`], for which no later try can help.
    pub fn decode(json: &str) -> Result<Self, Malformed> {
        let versioned: Versioned = serde_json::from_str(json).map_err(Malformed::NotARequest)?;
        if versioned.v > VERSION {
            return Err(Malformed::Newer(versioned.v));
        }
        Ok(versioned.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(base64: &str) -> String {
        String::from_utf8(BASE64_STANDARD.decode(base64).expect("base64")).expect("text")
    }

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let request = RunnerRequest {
            job: 123,
            run: 45,
            repository: Repository::try_from("octo/app").expect("a name"),
            profile: "ubuntu".to_owned(),
            pinned: vec!["run-5".to_owned()],
            generation: 1,
            replacement: 2,
            requested_at: DateTime::UNIX_EPOCH,
        };
        let json = decoded(&request.encode());
        insta::assert_snapshot!(json, @r#"{"v":1,"job":123,"run":45,"repository":"octo/app","profile":"ubuntu","pinned":["run-5"],"replacement":2,"requested_at":"1970-01-01T00:00:00Z"}"#);
        assert_eq!(RunnerRequest::decode(&json).expect("a request"), request);
        let newer = json.replace(r#""v":1"#, r#""v":2"#);
        assert!(matches!(RunnerRequest::decode(&newer), Err(Malformed::Newer(2))));
    }

    #[test]
    fn a_message_that_names_no_repository_is_malformed() {
        let json = r#"{"v":1,"job":1,"run":1,"repository":"../x","profile":"p","replacement":1,"requested_at":"1970-01-01T00:00:00Z"}"#;
        assert!(matches!(RunnerRequest::decode(json), Err(Malformed::NotARequest(_))));
    }
}
