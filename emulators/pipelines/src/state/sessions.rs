//! Sessions of agents and their messages.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use emulator_core::events::PipelinesEvent;

use super::State;
use super::timers::Timer;
use crate::model::agent::{Message, Session};

/// A session without polls expires after five minutes (<https://github.com/microsoft/vso-agent/issues/202>).
const SESSION_TIMEOUT: TimeDelta = TimeDelta::minutes(5);
/// How long an agent that has just polled keeps its session after an advance of the clock.
const POLL_GRACE: Duration = Duration::from_secs(2);

/// A session that a client opens.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) owner: String,
    pub(crate) version: String,
    pub(crate) os_description: String,
    pub(crate) system_capabilities: std::collections::BTreeMap<String, String>,
}

/// The answer to a poll for a message.
#[derive(Clone, Debug)]
pub(crate) enum Poll {
    /// A message and its id.
    Message(u64, Message),
    /// None; this is notified when there is one.
    Empty(Arc<Notify>),
    /// The session is over.
    Expired,
}

impl State {
    /// Opens a session; returns its id, or the owner of the session that the agent has.
    pub(crate) fn open_session(
        &mut self,
        agent: u64,
        new: NewSession,
        now: DateTime<Utc>,
    ) -> Result<String, String> {
        let id = self.guid();
        let newest = self.options.agent_version.clone();
        let Some(known) = self.agents.get_mut(&agent) else { return Err(String::new()) };
        if let Some(session) = &known.session {
            return Err(session.owner.clone());
        }
        known.session = Some(Session {
            id: id.clone(),
            owner: new.owner,
            last_poll: now,
            last_poll_instant: Instant::now(),
            polls: 0,
            message_ready: Arc::new(Notify::new()),
        });
        (known.agent.online, known.agent.status_changed_on) = (true, now);
        known.agent.shutting_down = false;
        // Inferred: the session's capabilities replace those of the registration, and its version ends an update.
        known.agent.system_capabilities = new.system_capabilities;
        known.agent.os_description = new.os_description;
        known.agent.version = new.version;
        known.pending_update = None;
        let (pool, is_old) = (known.agent.pool, known.agent.version != newest);
        let name = known.agent.name.clone();
        self.emit(PipelinesEvent::AgentOnline { agent: name });
        self.add_timer(now + SESSION_TIMEOUT, Timer::Session { agent });
        if is_old && self.pools.get(&pool).is_some_and(|pool| pool.auto_update) {
            self.request_update(agent, newest);
        }
        self.assign(now);
        Ok(id)
    }

    /// Asks an agent to update itself; it gets no job until its next session.
    pub(crate) fn request_update(&mut self, agent: u64, version: String) {
        let Some(known) = self.agents.get_mut(&agent) else { return };
        known.pending_update = Some(version.clone());
        self.send(agent, Message::Refresh { version });
    }

    /// Ends the session of an agent. Its messages stay.
    pub(crate) fn close_session(&mut self, agent: u64, now: DateTime<Utc>) {
        let Some(known) = self.agents.get_mut(&agent) else { return };
        let Some(session) = known.session.take() else { return };
        (known.agent.online, known.agent.status_changed_on) = (false, now);
        let name = known.agent.name.clone();
        session.message_ready.notify_waiters();
        self.emit(PipelinesEvent::AgentOffline { agent: name });
    }

    /// Adds a message to the inbox of an agent.
    pub(crate) fn send(&mut self, agent: u64, message: Message) {
        self.ids.message += 1;
        let id = self.ids.message;
        let Some(known) = self.agents.get_mut(&agent) else { return };
        known.inbox.push_back((id, message));
        if let Some(session) = &known.session {
            session.message_ready.notify_waiters();
        }
    }

    /// Returns the first message after `last`. A message is offered until it is deleted, also to polls that do not name
    /// the last one: the keep-alive polls of the agent discard their answer.
    pub(crate) fn poll(&mut self, agent: u64, session: &str, last: u64) -> Poll {
        let Some(known) = self.agents.get(&agent) else { return Poll::Expired };
        let Some(open) = known.session.as_ref().filter(|open| open.id == session) else {
            return Poll::Expired;
        };
        match known.inbox.iter().find(|(id, _)| *id > last) {
            Some((id, message)) => Poll::Message(*id, message.clone()),
            None => Poll::Empty(Arc::clone(&open.message_ready)),
        }
    }

    /// Records the start of a poll.
    pub(crate) fn begin_poll(&mut self, agent: u64, session: &str) {
        if let Some(session) = self.session(agent, session) {
            session.polls += 1;
        }
    }

    /// Records the end of a poll, answered or not.
    pub(crate) fn end_poll(&mut self, agent: u64, session: &str, now: DateTime<Utc>) {
        let Some(session) = self.session(agent, session) else { return };
        session.polls = session.polls.saturating_sub(1);
        session.last_poll = now;
        session.last_poll_instant = Instant::now();
        self.add_timer(now + SESSION_TIMEOUT, Timer::Session { agent });
    }

    /// Deletes a message; returns false if the session is over.
    pub(crate) fn delete_message(&mut self, agent: u64, session: &str, id: u64) -> bool {
        if self.session(agent, session).is_none() {
            return false;
        }
        if let Some(known) = self.agents.get_mut(&agent) {
            known.inbox.retain(|(known, _)| *known != id);
        }
        true
    }

    /// Finds the open session of an agent with this id.
    pub(crate) fn session(&mut self, agent: u64, id: &str) -> Option<&mut Session> {
        self.agents.get_mut(&agent)?.session.as_mut().filter(|session| session.id == id)
    }

    /// Ends a session that had no poll in time.
    pub(super) fn check_session(&mut self, agent: u64, at: DateTime<Utc>, now: DateTime<Utc>) {
        let Some(session) = self.agents.get(&agent).and_then(|known| known.session.as_ref()) else {
            return;
        };
        let expires_at = session.last_poll + SESSION_TIMEOUT;
        let grace = TimeDelta::from_std(POLL_GRACE).unwrap_or_default();
        if session.polls > 0 {
            self.add_timer(now + SESSION_TIMEOUT, Timer::Session { agent });
        } else if expires_at > at {
            self.add_timer(expires_at, Timer::Session { agent });
        } else if session.last_poll_instant.elapsed() < POLL_GRACE {
            self.add_timer(now + grace, Timer::Session { agent });
        } else {
            self.close_session(agent, at);
        }
    }
}
