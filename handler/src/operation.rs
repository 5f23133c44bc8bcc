//! Parses the request of an operator to Operate.

use std::fmt;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::history::{Folder, HistoryRequest};
use crate::pauses::{MAX_WHO, MAX_WHY, checked};
use crate::profiles::is_profile_name;
use crate::replay_plan::Replay;

/// Maximum length of the id of a task in Batch.
const MAX_TASK: usize = 64;
/// Maximum number of characters of a request that an error repeats.
const MAX_REPEATED: usize = 80;

/// What an operator requests.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Replay messages, deliveries or a job.
    Replay(Replay),
    /// Pause a profile.
    Pause(PauseRequest),
    /// Resume a profile.
    Resume {
        /// The name of the profile.
        profile: String,
    },
    /// Check the preconditions of the deployment.
    Doctor,
    /// Read the output of a task.
    Logs {
        /// The name of the task.
        task: String,
    },
    /// Return a page of the history of a day.
    History(HistoryRequest),
}

/// A request to pause a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct PauseRequest {
    /// The name of the profile.
    pub profile: String,
    /// Why.
    pub why: String,
    /// Who requests it; `None` for a caller that states no name.
    pub who: Option<String>,
}

/// A request that cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum BadRequest {
    /// The body is not JSON of the documented schema.
    #[error("the body is not a valid request: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The operation does not exist.
    #[error(
        "unknown operation {0:?}: use \"replay\", \"pause\", \"resume\", \"doctor\", \"logs\" or \"history\""
    )]
    Operation(String),
    /// It selects nothing, or several kinds of items.
    #[error("replay takes exactly one of poison, deliveries and job")]
    NotOne,
    /// A text is empty, too long, or not shown as written.
    #[error("{0}")]
    Text(String),
    /// No profile can have this name.
    #[error("{0:?} is no name of a profile: 1 to 40 characters of a-z, 0-9 and '-'")]
    Profile(String),
    /// No task can have this name.
    #[error("{0:?} is no name of a task, such as gh-123")]
    Task(String),
}

#[derive(Deserialize)]
struct Head {
    operation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
    profile: String,
    why: String,
    who: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
    profile: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogsBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
    task: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
    day: NaiveDate,
    folder: Folder,
    #[serde(default)]
    from: u64,
}

impl Operation {
    /// Parses the JSON of a request.
    pub fn parse(json: &[u8]) -> Result<Self, BadRequest> {
        let Head { operation } = serde_json::from_slice(json)?;
        match operation.as_str() {
            "replay" => Ok(Self::Replay(Replay::parse(json)?)),
            "pause" => {
                let PauseBody { profile, why, who, .. } = serde_json::from_slice(json)?;
                Ok(Self::Pause(PauseRequest::new(&profile, &why, who.as_deref())?))
            }
            "resume" => {
                let ResumeBody { profile, .. } = serde_json::from_slice(json)?;
                Ok(Self::Resume { profile: profile_name(&profile)? })
            }
            "doctor" => {
                serde_json::from_slice::<PlainBody>(json)?;
                Ok(Self::Doctor)
            }
            "logs" => {
                let LogsBody { task, .. } = serde_json::from_slice(json)?;
                Ok(Self::Logs { task: task_name(&task)? })
            }
            "history" => {
                let HistoryBody { day, folder, from, .. } = serde_json::from_slice(json)?;
                Ok(Self::History(HistoryRequest { day, folder, from }))
            }
            _ => Err(BadRequest::Operation(start_of(&operation))),
        }
    }

    /// Creates a request for the output of a task.
    ///
    /// # Errors
    /// When no task can have the name.
    pub fn logs(task: &str) -> Result<Self, BadRequest> {
        Ok(Self::Logs { task: task_name(task)? })
    }

    /// Returns the JSON of the request.
    pub fn as_json(&self) -> Value {
        match self {
            Self::Replay(replay) => replay.as_json(),
            Self::Pause(PauseRequest { profile, why, who }) => {
                json!({ "operation": "pause", "profile": profile, "why": why, "who": who })
            }
            Self::Resume { profile } => json!({ "operation": "resume", "profile": profile }),
            Self::Doctor => json!({ "operation": "doctor" }),
            Self::Logs { task } => json!({ "operation": "logs", "task": task }),
            Self::History(HistoryRequest { day, folder, from }) => {
                json!({ "operation": "history", "day": day, "folder": folder, "from": from })
            }
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replay(replay) => write!(f, "replay {replay}"),
            Self::Pause(PauseRequest { profile, .. }) => write!(f, "pause of profile {profile}"),
            Self::Resume { profile } => write!(f, "end of the pause of profile {profile}"),
            Self::Doctor => f.write_str("doctor"),
            Self::Logs { task } => write!(f, "the output of task {task}"),
            Self::History(HistoryRequest { day, .. }) => write!(f, "the history of {day}"),
        }
    }
}

impl PauseRequest {
    /// Creates a request.
    ///
    /// # Errors
    /// When a text is empty, too long, or not shown as written.
    pub fn new(profile: &str, why: &str, who: Option<&str>) -> Result<Self, BadRequest> {
        let text = |name, text, max| checked(name, text, max).map_err(BadRequest::Text);
        let who = who.map(|who| text("who", who, MAX_WHO)).transpose()?;
        Ok(Self { profile: profile_name(profile)?, why: text("why", why, MAX_WHY)?, who })
    }
}

fn profile_name(name: &str) -> Result<String, BadRequest> {
    match is_profile_name(name) {
        true => Ok(name.to_owned()),
        false => Err(BadRequest::Profile(start_of(name))),
    }
}

fn task_name(name: &str) -> Result<String, BadRequest> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match (1..=MAX_TASK).contains(&name.len()) && name.chars().all(plain) {
        true => Ok(name.to_owned()),
        false => Err(BadRequest::Task(start_of(name))),
    }
}

fn start_of(text: &str) -> String {
    text.chars().take(MAX_REPEATED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay_plan::Selection;

    #[test]
    fn each_request_is_written_as_it_is_read() {
        let pause = PauseRequest::new("ubuntu", " a new image ", Some("ann@desk")).expect("valid");
        assert_eq!(pause.why, "a new image");
        let unnamed = PauseRequest { who: None, ..pause.clone() };
        let requests = [
            Operation::Replay(Replay::Poison(Selection::All)),
            Operation::Pause(pause),
            Operation::Pause(unnamed),
            Operation::Resume { profile: "ubuntu".to_owned() },
            Operation::Doctor,
            Operation::Logs { task: "gh-7-2".to_owned() },
        ];
        for request in requests {
            let json = request.as_json().to_string();
            assert_eq!(Operation::parse(json.as_bytes()).expect(&json), request);
        }
    }

    #[test]
    fn an_invalid_request_is_rejected_with_the_reason() {
        let long = |length: usize| "x".repeat(length);
        let pause = |profile: &str, why: &str, who: &str| json!({ "operation": "pause", "profile": profile, "why": why, "who": who });
        let requests = [
            json!([]),
            json!({}),
            json!({ "operation": "drain" }),
            json!({ "operation": "replay" }),
            json!({ "operation": "replay", "poison": "all", "why": "x" }),
            json!({ "operation": "pause", "profile": "ubuntu" }),
            json!({ "operation": "resume", "profile": "ubuntu", "why": "x" }),
            json!({ "operation": "doctor", "profile": "ubuntu" }),
            pause("ubuntu", " ", "ann"),
            pause("ubuntu", &long(201), "ann"),
            pause("ubuntu", "x", &long(101)),
            pause("ubuntu", "a\nb", "ann"),
            pause("ubuntu", "a", "a\u{202e}b"),
            pause("Ubuntu", "a", "ann"),
            pause(&long(41), "a", "ann"),
            json!({ "operation": "logs", "task": "../x" }),
        ];
        let errors = requests.map(|request| {
            let error = Operation::parse(request.to_string().as_bytes()).expect_err("invalid");
            error.to_string().split(" at line").next().unwrap_or_default().to_owned()
        });
        insta::assert_snapshot!(errors.join("\n"), @r#"
        the body is not a valid request: invalid length 0, expected struct Head with 1 element
        the body is not a valid request: missing field `operation`
        unknown operation "drain": use "replay", "pause", "resume", "doctor", "logs" or "history"
        replay takes exactly one of poison, deliveries and job
        the body is not a valid request: unknown field `why`, expected one of `operation`, `poison`, `deliveries`, `job`
        the body is not a valid request: missing field `why`
        the body is not a valid request: unknown field `why`, expected `operation` or `profile`
        the body is not a valid request: unknown field `profile`, expected `operation`
        why is empty
        why is longer than 200 characters
        who is longer than 100 characters
        why has a control character
        who has a control character
        "Ubuntu" is no name of a profile: 1 to 40 characters of a-z, 0-9 and '-'
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is no name of a profile: 1 to 40 characters of a-z, 0-9 and '-'
        "../x" is no name of a task, such as gh-123
        "#);
    }
}
