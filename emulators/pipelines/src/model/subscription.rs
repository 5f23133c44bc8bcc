//! Service hook subscriptions and their notifications.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::request::JobState;

/// The status of a subscription.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SubscriptionStatus {
    /// Events are delivered.
    Enabled,
    /// One notification is repeated; all events meanwhile are lost.
    OnProbation,
    /// A user disabled it.
    DisabledByUser,
    /// The service disabled it, after 410 or a probation without success.
    DisabledBySystem,
    /// Its creator left the organization.
    DisabledByInactiveIdentity,
}

impl SubscriptionStatus {
    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::OnProbation => "onProbation",
            Self::DisabledByUser => "disabledByUser",
            Self::DisabledBySystem => "disabledBySystem",
            Self::DisabledByInactiveIdentity => "disabledByInactiveIdentity",
        }
    }

    /// Reads a status that a client sends: a name, or its number.
    pub(crate) fn parse(value: &serde_json::Value) -> Option<Self> {
        // The order is that of the numbers in Microsoft's description of the API.
        const ALL: [SubscriptionStatus; 5] = [
            SubscriptionStatus::Enabled,
            SubscriptionStatus::OnProbation,
            SubscriptionStatus::DisabledByUser,
            SubscriptionStatus::DisabledBySystem,
            SubscriptionStatus::DisabledByInactiveIdentity,
        ];
        match value.as_u64() {
            Some(0) => Some(Self::Enabled),
            Some(10) => Some(Self::OnProbation),
            Some(20) => Some(Self::DisabledByUser),
            Some(30) => Some(Self::DisabledBySystem),
            Some(40) => Some(Self::DisabledByInactiveIdentity),
            Some(_) => None,
            None => ALL.into_iter().find(|status| Some(status.name()) == value.as_str()),
        }
    }
}

/// A subscription of a project's events.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) status: SubscriptionStatus,
    pub(crate) publisher_inputs: BTreeMap<String, String>,
    pub(crate) consumer_inputs: BTreeMap<String, String>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) probation_retries: u32,
    /// The notification that is repeated.
    pub(crate) probation_of: Option<u64>,
    pub(crate) last_probation_retry: Option<DateTime<Utc>>,
    pub(crate) last_success: Option<DateTime<Utc>>,
}

/// The delivery of an event to one subscription.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) id: u64,
    pub(crate) subscription: String,
    pub(crate) event_id: String,
    pub(crate) run: u64,
    pub(crate) job: String,
    pub(crate) state: JobState,
    pub(crate) payload: Bytes,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    /// The statuses of the attempts so far; 0 means that there was no response.
    pub(crate) statuses: Vec<u16>,
    /// The attempts that failed transiently since the last success or probation.
    pub(crate) transient_failures: usize,
    /// Whether no further attempt follows.
    pub(crate) is_done: bool,
}

/// What happens to the next notification of a subscription. Clients have seen each of these; how often is not known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DeliveryFault {
    /// It is never sent.
    Lost,
    /// It is sent twice.
    Doubled,
    /// It is sent later.
    Delayed {
        /// The delay, in seconds.
        seconds: u32,
    },
}

/// A subscription as tests see it.
#[derive(Clone, Debug, Serialize)]
pub struct SubscriptionView {
    /// The id.
    pub id: String,
    /// The id of the project.
    pub project: String,
    /// The address that receives the events.
    pub url: String,
    /// The status.
    pub status: SubscriptionStatus,
    /// The attempts in the current probation.
    pub probation_retries: u32,
}

/// A delivery of an event as tests see it.
#[derive(Clone, Debug, Serialize)]
pub struct NotificationView {
    /// The id.
    pub id: u64,
    /// The id of the subscription.
    pub subscription: String,
    /// The id of the run.
    pub run: u64,
    /// The id of the job in its run.
    pub job: String,
    /// The state of the job.
    pub state: JobState,
    /// The statuses of the attempts so far; 0 means that there was no response.
    pub statuses: Vec<u16>,
}
