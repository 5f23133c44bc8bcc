//! Reads an operator's order.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::repository::Repository;

/// Stands for all, where a name may stand.
const ALL: &str = "all";

/// What is to be put back on the road.
#[derive(Clone, Debug, PartialEq)]
pub enum Replay {
    /// Messages that were given up.
    Poison(Which),
    /// Deliveries that did not arrive.
    Deliveries(Which),
    /// The next runner of a job that waits.
    Job {
        /// Where its workflow lives.
        repository: Repository,
        /// Its id.
        id: u64,
    },
}

/// All of them, or one by its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// All.
    All,
    /// The one of this name.
    One(String),
}

/// An order that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadOrder {
    /// It is not of the form.
    #[error("the body is not an order: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It asks for what there is not.
    #[error("operation {0:?} is not known: there is \"replay\"")]
    Operation(String),
    /// It asks for none, or for several things.
    #[error("replay takes one of poison, deliveries and job")]
    NotOne,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderBody {
    operation: String,
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
    /// Reads the JSON of an order.
    ///
    /// # Errors
    /// [`BadOrder`].
    pub fn read(json: &[u8]) -> Result<Self, BadOrder> {
        let order: OrderBody = serde_json::from_slice(json)?;
        if order.operation != "replay" {
            return Err(BadOrder::Operation(order.operation.chars().take(80).collect()));
        }
        match (order.poison, order.deliveries, order.job) {
            (Some(which), None, None) => Ok(Self::Poison(Which::named(which))),
            (None, Some(which), None) => Ok(Self::Deliveries(Which::named(which))),
            (None, None, Some(JobBody { repository, id })) => Ok(Self::Job { repository, id }),
            _ => Err(BadOrder::NotOne),
        }
    }

    /// Writes the JSON of an order.
    pub fn as_json(&self) -> Value {
        match self {
            Self::Poison(which) => json!({ "operation": "replay", "poison": which.name() }),
            Self::Deliveries(which) => json!({ "operation": "replay", "deliveries": which.name() }),
            Self::Job { repository, id } => {
                json!({ "operation": "replay", "job": { "repository": repository, "id": id } })
            }
        }
    }
}

impl Which {
    fn named(name: String) -> Self {
        if name == ALL { Self::All } else { Self::One(name) }
    }

    fn name(&self) -> &str {
        match self {
            Self::All => ALL,
            Self::One(name) => name,
        }
    }

    /// Tells whether the one of this name is meant.
    pub fn means(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == name,
        }
    }
}
