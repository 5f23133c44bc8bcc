//! Registered agents, their sessions and their messages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::demand::Capabilities;

/// A registered agent as tests see it.
#[derive(Clone, Debug, Serialize)]
pub struct Agent {
    /// The id, unique in the organization.
    pub id: u64,
    /// The id of its pool.
    pub pool: u64,
    /// The name, unique in its pool.
    pub name: String,
    /// The version of the agent; empty if its registration had none.
    pub version: String,
    /// The operating system as the agent describes it.
    pub os_description: String,
    /// Whether the service may give it jobs.
    pub enabled: bool,
    /// Whether it has a session.
    pub online: bool,
    /// The job request for which it is reserved, until that has a result.
    pub assigned: Option<u64>,
    /// The latest job request that it completed.
    pub last_completed: Option<u64>,
    /// Whether it has announced that it ends, and gets no further job in this session.
    pub shutting_down: bool,
    /// The capabilities that its registration, or its session, contained.
    pub system_capabilities: BTreeMap<String, String>,
    /// The capabilities that users added.
    pub user_capabilities: BTreeMap<String, String>,
    /// When it was registered.
    pub created_on: DateTime<Utc>,
    /// When it went online or offline.
    pub status_changed_on: DateTime<Utc>,
}

/// A registration with all that only the service knows.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) agent: Agent,
    pub(crate) client_id: String,
    /// `maxParallelism` as registered.
    pub(crate) max_parallelism: u64,
    pub(crate) provisioning_state: String,
    /// Modulus and exponent, in base64.
    pub(crate) public_key: Option<(String, String)>,
    pub(crate) session: Option<Session>,
    /// Messages that the agent has not deleted; they outlive its session.
    pub(crate) inbox: VecDeque<(u64, Message)>,
    /// The version to which the service updates it.
    pub(crate) pending_update: Option<String>,
}

/// An open session of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) last_poll: DateTime<Utc>,
    pub(crate) last_poll_instant: Instant,
    /// The number of polls that are open now.
    pub(crate) polls: u32,
    pub(crate) message_ready: Arc<Notify>,
}

/// A message to an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Message {
    /// The job of a request.
    Job { request: u64 },
    /// The job was cancelled.
    Cancel { job_id: String },
    /// The agent must update itself.
    Refresh { version: String },
}

impl Registration {
    /// Returns the capabilities against which the service matches demands.
    pub(crate) fn capabilities(&self) -> Capabilities<'_> {
        let agent = &self.agent;
        Capabilities {
            name: &agent.name,
            version: &agent.version,
            maps: [&agent.user_capabilities, &agent.system_capabilities],
        }
    }

    /// Returns whether the service gives it a job now.
    pub(crate) fn is_idle(&self) -> bool {
        let agent = &self.agent;
        let is_free = agent.assigned.is_none() && self.pending_update.is_none();
        self.session.is_some() && agent.enabled && !agent.shutting_down && is_free
    }
}
