//! The long poll for messages, and their deletion.

use chrono::TimeDelta;
use http::StatusCode;

use super::call::{self, Call};
use crate::dto;
use crate::error::{ApiError, ApiResult};
use crate::pipelines::Pipelines;
use crate::state::State;
use crate::state::sessions::Poll;

/// How long a poll stays open without a message. Inferred.
const LONG_POLL_TIMEOUT: TimeDelta = TimeDelta::seconds(50);

/// Waits for the next message; an answer without a body means that there is none.
pub(super) async fn get(service: &Pipelines, call: &Call<'_>) -> ApiResult {
    let agent = call.caller.agent()?;
    let session = call.query("sessionid").unwrap_or_default();
    let last = call.query("lastmessageid").and_then(|id| id.parse().ok()).unwrap_or_default();
    let timeout = service.now() + LONG_POLL_TIMEOUT;
    let _open = OpenPoll::begin(service, agent, session);
    loop {
        let ready = match service.step(|state, now| look(state, agent, session, last, call, now))? {
            Looked::Answered(response) => return Ok(*response),
            Looked::Empty(ready) => ready,
        };
        let mut notified = std::pin::pin!(ready.notified());
        notified.as_mut().enable();
        // A message may have come between the look and the registration.
        if service.step(|state, _| !matches!(state.poll(agent, session, last), Poll::Empty(_))) {
            continue;
        }
        tokio::select! {
            biased;
            () = notified => {}
            () = service.sleep_until(timeout) => return Ok(call::empty(StatusCode::OK)),
        }
    }
}

enum Looked {
    Answered(Box<emulator_core::service::Response>),
    Empty(std::sync::Arc<tokio::sync::Notify>),
}

fn look(
    state: &mut State,
    agent: u64,
    session: &str,
    last: u64,
    call: &Call<'_>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Looked, ApiError> {
    if !state.agents.contains_key(&agent) {
        return Err(ApiError::no_agent(agent));
    }
    match state.poll(agent, session, last) {
        Poll::Expired => Err(ApiError::session_expired(session)),
        Poll::Empty(ready) => Ok(Looked::Empty(ready)),
        Poll::Message(id, message) => {
            let body = dto::message::write(state, (agent, id), &message, &call.base, now);
            Ok(Looked::Answered(Box::new(call::object(&body))))
        }
    }
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> ApiResult {
    let agent = call.caller.agent()?;
    let session = call.query("sessionid").unwrap_or_default();
    match state.delete_message(agent, session, call.id("message")) {
        true => Ok(call::no_content()),
        false => Err(ApiError::session_expired(session)),
    }
}

/// A poll while it is open. Dropping it ends the poll, also when the client disconnects.
struct OpenPoll<'a> {
    service: &'a Pipelines,
    agent: u64,
    session: &'a str,
}

impl<'a> OpenPoll<'a> {
    fn begin(service: &'a Pipelines, agent: u64, session: &'a str) -> Self {
        service.step(|state, _| state.begin_poll(agent, session));
        Self { service, agent, session }
    }
}

impl Drop for OpenPoll<'_> {
    fn drop(&mut self) {
        self.service.step(|state, now| state.end_poll(self.agent, self.session, now));
    }
}
