//! Runner sessions and their messages.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use emulator_core::events::EventKind;

use super::State;
use crate::error::RunnerError;
use crate::model::runner::{Message, Session};

/// The reason why no session was opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SessionError {
    /// The runner already has one.
    Conflict,
    /// The registration was removed.
    NoRunner,
}

/// The result of a poll for messages.
pub(crate) enum Poll {
    /// The session or the registration is over.
    Rejected(RunnerError),
    /// A message with its number.
    Message(u64, Message),
    /// No message yet; poll again when this wakes.
    Empty(Arc<Notify>),
}

impl State {
    /// Opens a runner's session and returns its id.
    ///
    /// A runner whose version is rejected at its first poll gets a session but no job.
    pub(crate) fn open_session(
        &mut self,
        runner: u64,
        (os, version): (String, String),
        is_version_rejected: bool,
        now: DateTime<Utc>,
    ) -> Result<String, SessionError> {
        let id = self.guid();
        let known = self.registrations.get_mut(&runner).ok_or(SessionError::NoRunner)?;
        if known.session.is_some() {
            return Err(SessionError::Conflict);
        }
        known.session = Some(Session::new(id.clone(), now));
        known.offline_since = None;
        known.runner.online = true;
        known.runner.os = os;
        known.runner.version = Some(version);
        let is_idle = known.job.is_none() && !is_version_rejected;
        self.events.push(EventKind::RunnerOnline { runner: known.runner.name.clone() });
        self.start_session_timer(runner, now);
        if is_idle {
            self.set_idle(runner, now);
        }
        Ok(id)
    }

    /// Ends a runner's session; the registration stays.
    pub(crate) fn end_session(&mut self, runner: u64, now: DateTime<Utc>) {
        let Some(known) = self.registrations.get_mut(&runner) else { return };
        if known.session.take().is_none() {
            return;
        }
        known.runner.online = false;
        known.idle_since = None;
        known.offline_since = Some(now);
        self.idle.remove(&runner);
        self.start_offline_timers(runner, now);
    }

    /// Takes the rejection that the test API queued for the next poll, if any.
    pub(crate) fn next_rejection(
        &mut self,
        runner: u64,
        now: DateTime<Utc>,
    ) -> Option<RunnerError> {
        let error = self.rejections.pop_front()?;
        if error == RunnerError::RunnerSessionInvalid {
            self.end_session(runner, now);
        }
        Some(error)
    }

    /// Returns the first message after number `after`, the last one that the runner has seen.
    pub(crate) fn poll(&mut self, runner: u64, session: &str, after: u64) -> Poll {
        if !self.registrations.contains_key(&runner) {
            return Poll::Rejected(RunnerError::RunnerNotFound);
        }
        let Some(session) = self.session(runner, session) else {
            return Poll::Rejected(RunnerError::RunnerSessionInvalid);
        };
        session.inbox.retain(|&(number, _)| number > after);
        match session.inbox.front() {
            Some(&(number, message)) => Poll::Message(number, message),
            None => Poll::Empty(Arc::clone(&session.message_ready)),
        }
    }

    /// Records the start of a poll.
    pub(crate) fn begin_poll(&mut self, runner: u64, session: &str) {
        if let Some(session) = self.session(runner, session) {
            session.polls += 1;
        }
    }

    /// Records the end of a poll, answered or not.
    pub(crate) fn end_poll(&mut self, runner: u64, session: &str, now: DateTime<Utc>) {
        let Some(session) = self.session(runner, session) else { return };
        session.polls = session.polls.saturating_sub(1);
        session.last_poll = now;
        session.last_poll_instant = Instant::now();
        self.start_session_timer(runner, now);
    }

    /// Sends a message to a runner, if it has a session.
    pub(crate) fn send(&mut self, runner: Option<u64>, message: Message) {
        let known = runner.and_then(|runner| self.registrations.get_mut(&runner));
        if let Some(session) = known.and_then(|known| known.session.as_mut()) {
            session.send(message);
        }
    }

    fn session(&mut self, runner: u64, id: &str) -> Option<&mut Session> {
        let session = self.registrations.get_mut(&runner)?.session.as_mut()?;
        (session.id == id).then_some(session)
    }
}
