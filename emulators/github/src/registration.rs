//! Describes registered runners: what the API shows of one, and what the runner service keeps of it.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::keys::PublicKey;
use super::scope::Scope;

/// A registered runner, as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Runner {
    /// Its number.
    pub id: u64,
    /// Its name, unique in its scope.
    pub name: String,
    /// What it was registered for.
    pub scope: Scope,
    /// The number of its group.
    pub group: u64,
    /// Its labels, exactly as registered.
    pub labels: Vec<String>,
    /// Whether it deregisters after one job.
    pub ephemeral: bool,
    /// Its operating system; unknown until it first connects.
    pub os: String,
    /// Its version; empty until it first connects.
    pub version: Option<String>,
    /// Whether it has a session.
    pub online: bool,
    /// Whether it was given a job.
    pub busy: bool,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
}

/// What a new registration asks for.
#[derive(Clone, Debug)]
pub(super) struct NewRunner {
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) group: u64,
    pub(super) labels: Vec<String>,
    pub(super) ephemeral: bool,
}

/// A registration as the runner service keeps it.
pub(super) struct Registration {
    pub(super) runner: Runner,
    /// The name by which the runner asks for access tokens.
    pub(super) client_id: String,
    /// What its requests for access tokens are signed with.
    pub(super) key: PublicKey,
    pub(super) session: Option<Session>,
    /// The job that it was given, accepted or not.
    pub(super) job: Option<u64>,
    pub(super) idle_since: Option<DateTime<Utc>>,
    pub(super) offline_since: Option<DateTime<Utc>>,
}

/// The time in which a runner listens for messages.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) inbox: VecDeque<(u64, Message)>,
    pub(super) last_message: u64,
    /// How many requests for a message are open at this moment.
    pub(super) polls: u32,
    /// When it was last heard of, by the shared clock and by the machine's.
    pub(super) heard_at: DateTime<Utc>,
    pub(super) heard: Instant,
    /// Wakes the request for a message that is open.
    pub(super) woken: Arc<Notify>,
}

/// What the runner service has to say to a runner.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(super) enum Message {
    /// A job is there for it to accept.
    Job { job: u64 },
    /// The job that it works on was cancelled.
    Cancel { job: u64 },
    /// The runner is to update itself, whatever its configuration says.
    Refresh { version: [u32; 3] },
}

impl Session {
    pub(super) fn new(id: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            inbox: VecDeque::new(),
            last_message: 0,
            polls: 0,
            heard_at: now,
            heard: Instant::now(),
            woken: Arc::new(Notify::new()),
        }
    }

    pub(super) fn send(&mut self, message: Message) {
        self.last_message += 1;
        self.inbox.push_back((self.last_message, message));
        self.woken.notify_one();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The open request finds its session gone.
        self.woken.notify_one();
    }
}
