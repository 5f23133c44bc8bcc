//! Webhooks and their deliveries.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::scope::Scope;

/// The owner of a webhook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Owner {
    /// A scope: the webhook receives events of its repositories.
    Scope(Scope),
    /// An App, by its id: the webhook receives events of the accounts that have installed it.
    App(u64),
}

/// A webhook.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) owner: Owner,
    pub(crate) created_at: DateTime<Utc>,
}

/// One attempt to deliver one event to one webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// The id; each attempt has its own.
    pub id: u64,
    /// The event's GUID, shared by all webhooks and all attempts.
    pub guid: String,
    /// The id of the webhook.
    pub hook: u64,
    /// The event: `workflow_job` or `ping`.
    pub event: &'static str,
    /// The payload's action.
    pub action: Option<&'static str>,
    /// The job that the event is about.
    pub job: Option<u64>,
    /// The installation that received the event, for an App's webhook.
    pub installation: Option<u64>,
    /// The id of the repository.
    pub repository_id: Option<u64>,
    /// Whether this attempt was requested as a redelivery.
    pub redelivery: bool,
    /// When the attempt ended.
    pub delivered_at: DateTime<Utc>,
    /// The outcome; `None` while the delivery is pending.
    pub outcome: Option<Outcome>,
    /// The request's headers.
    #[serde(skip)]
    pub headers: Vec<(&'static str, String)>,
    /// The request's body.
    #[serde(skip)]
    pub payload: Bytes,
}

/// The outcome of a delivery.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The response's status; GitHub shows 502 if it could not connect, 504 if the request timed out.
    pub status_code: u16,
    /// The text that GitHub shows for the status.
    pub status: String,
    /// The duration in seconds.
    pub duration: f64,
    /// The response's body.
    #[serde(skip)]
    pub body: Bytes,
}

impl Hook {
    /// Returns the names of the webhook's type, as payloads and as headers spell it.
    pub(crate) fn target(&self) -> (&'static str, &'static str) {
        match self.owner {
            Owner::Scope(Scope::Repository(_)) => ("Repository", "repository"),
            Owner::Scope(Scope::Organization(_)) => ("Organization", "organization"),
            Owner::Scope(Scope::Enterprise(_)) => ("Business", "business"),
            Owner::App(_) => ("App", "integration"),
        }
    }
}

impl Outcome {
    /// Returns whether GitHub counts it as a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}
