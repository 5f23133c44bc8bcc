//! Keeps the sessions in which runners listen.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::registration::{Message, Session};
use emulator_core::events::EventKind;

use super::State;
use crate::refusals::RunnerError;

/// Why a runner gets no session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NoSession {
    /// It has one already.
    Conflict,
    /// Its registration was removed.
    NoRunner,
}

/// What a request for a message finds.
pub(crate) enum Heard {
    /// The session is over, or the registration.
    Gone(RunnerError),
    /// A message, with its number.
    Message(u64, Message),
    /// Nothing yet; there may be something when this wakes.
    Nothing(Arc<Notify>),
}

impl State {
    /// Opens a runner's session, and gives its id.
    pub(crate) fn open_session(
        &mut self,
        runner: u64,
        (os, version): (String, String),
        is_refused: bool,
        now: DateTime<Utc>,
    ) -> Result<String, NoSession> {
        let id = self.guid();
        let known = self.registrations.get_mut(&runner).ok_or(NoSession::NoRunner)?;
        if known.session.is_some() {
            return Err(NoSession::Conflict);
        }
        known.session = Some(Session::new(id.clone(), now));
        known.offline_since = None;
        known.runner.online = true;
        known.runner.os = os;
        known.runner.version = Some(version);
        let idle = known.job.is_none() && !is_refused;
        self.happened.push(EventKind::RunnerOnline { runner: known.runner.name.clone() });
        self.expect_sign_of_life(runner, now);
        if idle {
            self.seek_job(runner, now);
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
        self.limit_absence(runner, now);
    }

    /// Takes what the next request for a message is to be rejected with, if something was ordered.
    pub(crate) fn rejection(&mut self, runner: u64, now: DateTime<Utc>) -> Option<RunnerError> {
        let error = self.rejections.pop_front()?;
        if error == RunnerError::RunnerSessionInvalid {
            self.end_session(runner, now);
        }
        Some(error)
    }

    /// Looks for the first message after the last that the runner has seen.
    pub(crate) fn hear(&mut self, runner: u64, session: &str, after: u64) -> Heard {
        if !self.registrations.contains_key(&runner) {
            return Heard::Gone(RunnerError::RunnerNotFound);
        }
        let Some(session) = self.session(runner, session) else {
            return Heard::Gone(RunnerError::RunnerSessionInvalid);
        };
        session.inbox.retain(|&(number, _)| number > after);
        match session.inbox.front() {
            Some(&(number, message)) => Heard::Message(number, message),
            None => Heard::Nothing(Arc::clone(&session.woken)),
        }
    }

    /// Notes that a request for a message begins.
    pub(crate) fn begin_poll(&mut self, runner: u64, session: &str) {
        if let Some(session) = self.session(runner, session) {
            session.polls += 1;
        }
    }

    /// Notes that a request for a message ended, answered or not.
    pub(crate) fn end_poll(&mut self, runner: u64, session: &str, now: DateTime<Utc>) {
        let Some(session) = self.session(runner, session) else { return };
        session.polls = session.polls.saturating_sub(1);
        session.heard_at = now;
        session.heard = Instant::now();
        self.expect_sign_of_life(runner, now);
    }

    fn session(&mut self, runner: u64, id: &str) -> Option<&mut Session> {
        let session = self.registrations.get_mut(&runner)?.session.as_mut()?;
        (session.id == id).then_some(session)
    }
}
