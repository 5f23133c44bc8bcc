//! Parses an operator's request for a replay.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::operation::BadRequest;
use crate::repository::Repository;

/// The name that selects all items.
const ALL: &str = "all";

/// What to replay.
#[derive(Clone, Debug, PartialEq)]
pub enum Replay {
    /// Messages of the poison queue.
    Poison(Selection),
    /// Failed webhook deliveries.
    Deliveries(Selection),
    /// The request for the next runner of a waiting job.
    Job {
        /// The repository of its workflow.
        repository: Repository,
        /// The workflow job's id.
        id: u64,
    },
}

/// Selects all items, or one by its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// All items.
    All,
    /// The item of this name.
    One(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestBody {
    #[serde(rename = "operation")]
    _operation: IgnoredAny,
    poison: Option<String>,
    deliveries: Option<String>,
    job: Option<JobBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobBody {
    repository: Repository,
    id: u64,
}

impl Replay {
    /// Parses the JSON of a request whose operation is `replay`.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, BadRequest> {
        let request: RequestBody = serde_json::from_slice(json)?;
        match (request.poison, request.deliveries, request.job) {
            (Some(selection), None, None) => Ok(Self::Poison(Selection::named(selection))),
            (None, Some(selection), None) => Ok(Self::Deliveries(Selection::named(selection))),
            (None, None, Some(JobBody { repository, id })) => Ok(Self::Job { repository, id }),
            _ => Err(BadRequest::NotOne),
        }
    }

    /// Returns the JSON of the request.
    pub fn as_json(&self) -> Value {
        match self {
            Self::Poison(selection) => json!({ "operation": "replay", "poison": selection.name() }),
            Self::Deliveries(selection) => {
                json!({ "operation": "replay", "deliveries": selection.name() })
            }
            Self::Job { repository, id } => {
                json!({ "operation": "replay", "job": { "repository": repository, "id": id } })
            }
        }
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poison(selection) => write!(f, "of poison messages ({})", selection.name()),
            Self::Deliveries(selection) => write!(f, "of deliveries ({})", selection.name()),
            Self::Job { repository, id } => write!(f, "of job {id} in {repository}"),
        }
    }
}

impl Selection {
    fn named(name: String) -> Self {
        if name == ALL { Self::All } else { Self::One(name) }
    }

    fn name(&self) -> &str {
        match self {
            Self::All => ALL,
            Self::One(name) => name,
        }
    }

    /// Returns whether the item of this name is selected.
    pub fn selects(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == name,
        }
    }
}
