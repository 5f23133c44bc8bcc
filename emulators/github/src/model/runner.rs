//! Registered runners: the API's part, and the runner service's part.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::group::Group;
use super::runner_keys::PublicKey;
use super::scope::Scope;

/// A registered runner, as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Runner {
    /// The id.
    pub id: u64,
    /// The name, unique in its scope.
    pub name: String,
    /// The scope it was registered for.
    pub scope: Scope,
    /// The id of its group.
    pub group: u64,
    /// Its labels, exactly as registered.
    pub labels: Vec<String>,
    /// Whether it deregisters after one job.
    pub ephemeral: bool,
    /// Its operating system; `unknown` until it first connects.
    pub os: String,
    /// Its version; `None` until it first connects.
    pub version: Option<String>,
    /// Whether it has a session.
    pub online: bool,
    /// Whether a job is assigned to it.
    pub busy: bool,
    /// The time of registration.
    pub registered_at: DateTime<Utc>,
}

/// A request to register a runner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRunner {
    /// The name.
    pub name: String,
    /// The scope.
    pub scope: Scope,
    /// The id of its group.
    #[serde(default = "default_group")]
    pub group: u64,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it deregisters after one job.
    #[serde(default)]
    pub ephemeral: bool,
}

fn default_group() -> u64 {
    Group::DEFAULT
}

/// A registration as the runner service keeps it.
pub(crate) struct Registration {
    pub(crate) runner: Runner,
    /// The client id in requests for access tokens.
    pub(crate) client_id: String,
    /// Verifies the signatures of requests for access tokens.
    pub(crate) key: PublicKey,
    pub(crate) session: Option<Session>,
    /// The job assigned to it, accepted or not.
    pub(crate) job: Option<u64>,
    pub(crate) idle_since: Option<DateTime<Utc>>,
    pub(crate) offline_since: Option<DateTime<Utc>>,
}

/// A token that registers runners for a scope.
#[derive(Clone)]
pub(crate) struct RegistrationToken {
    pub(crate) text: String,
    pub(crate) scope: Scope,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A runner's session: while it is open, the runner polls for messages.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) inbox: VecDeque<(u64, Message)>,
    pub(crate) last_message: u64,
    /// The number of open polls.
    pub(crate) polls: u32,
    /// The end of the last poll, by the shared clock.
    pub(crate) last_poll: DateTime<Utc>,
    /// The same by the machine's clock.
    pub(crate) last_poll_instant: Instant,
    /// Wakes the open poll.
    pub(crate) message_ready: Arc<Notify>,
}

/// A message of the runner service to a runner.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Message {
    /// A job is ready to be accepted.
    Job { job: u64 },
    /// The runner's job was cancelled.
    Cancel { job: u64 },
    /// The runner must update itself, even if its configuration disables updates.
    Refresh { version: [u32; 3] },
}

impl Session {
    pub(crate) fn new(id: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            inbox: VecDeque::new(),
            last_message: 0,
            polls: 0,
            last_poll: now,
            last_poll_instant: Instant::now(),
            message_ready: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn send(&mut self, message: Message) {
        self.last_message += 1;
        self.inbox.push_back((self.last_message, message));
        self.message_ready.notify_one();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Wakes the open poll, which then finds that the session is over.
        self.message_ready.notify_one();
    }
}
