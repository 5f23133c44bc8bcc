//! Sessions of runners, and the long poll for messages.

use chrono::TimeDelta;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use emulator_core::service::{Response, json_response};

use super::{error, no_content, parse};
use crate::error::RunnerError;
use crate::github::GitHub;
use crate::handlers::endpoint::RunnerCall;
use crate::handlers::request::Query;
use crate::options::VersionCheck;
use crate::state::sessions::{Poll, SessionError};

/// How long a poll stays open without a message.
const LONG_POLL_TIMEOUT: TimeDelta = TimeDelta::seconds(50);

#[derive(Deserialize)]
struct NewSession {
    version: String,
    os: String,
}

pub(crate) async fn open(call: RunnerCall<'_>) -> Response {
    let RunnerCall { github, runner, .. } = call;
    let Ok(new) = parse::<NewSession>(call.request) else {
        return error(StatusCode::BAD_REQUEST, "the version is missing");
    };
    let options = &github.options;
    if options.rejects_version(VersionCheck::Session, &new.version) {
        return error(StatusCode::FORBIDDEN, "Forbidden");
    }
    let is_rejected = options.rejects_version(VersionCheck::Message, &new.version);
    let (os, version) = (new.os, new.version);
    match github.step(|state, now| state.open_session(runner, (os, version), is_rejected, now)) {
        Ok(session) => json_response(StatusCode::OK, &json!({ "session": session })),
        Err(SessionError::Conflict) => {
            error(StatusCode::CONFLICT, "the runner has a session already")
        }
        Err(SessionError::NoRunner) => {
            RunnerError::RunnerNotFound.into_response("the registration was removed")
        }
    }
}

/// Waits for the next message.
pub(crate) async fn next_message(call: RunnerCall<'_>) -> Response {
    let RunnerCall { github, runner, .. } = call;
    let session = call.params.text("session_id");
    let query = Query::parse(call.request.uri().query().unwrap_or_default());
    let after = query.get("after").and_then(|text| text.parse().ok()).unwrap_or_default();
    if let Some(error) = github.step(|state, now| state.next_rejection(runner, now)) {
        return error.into_response("requested by the control port");
    }
    let version = query.get("version").unwrap_or_default();
    if github.options.rejects_version(VersionCheck::Message, version) {
        let text = "the runner version is deprecated and cannot receive messages";
        return RunnerError::RunnerVersionTooOld.into_response(text);
    }
    let timeout = github.context.clock.now() + LONG_POLL_TIMEOUT;
    let _open = OpenPoll::begin(github, runner, session);
    loop {
        let ready = match github.step(|state, _| state.poll(runner, session, after)) {
            Poll::Rejected(error) => return error.into_response("the session is over"),
            Poll::Message(number, message) => {
                let body = json!({ "number": number, "message": message });
                return json_response(StatusCode::OK, &body);
            }
            Poll::Empty(ready) => ready,
        };
        tokio::select! {
            biased;
            () = ready.notified() => {}
            () = github.context.clock.sleep_until(timeout) => return no_content(),
        }
    }
}

pub(crate) async fn close(call: RunnerCall<'_>) -> Response {
    call.github.step(|state, now| state.end_session(call.runner, now));
    no_content()
}

/// A poll while it is open. Dropping it ends the poll, also when the client disconnects.
struct OpenPoll<'a> {
    github: &'a GitHub,
    runner: u64,
    session: &'a str,
}

impl<'a> OpenPoll<'a> {
    fn begin(github: &'a GitHub, runner: u64, session: &'a str) -> Self {
        github.step(|state, _| state.begin_poll(runner, session));
        Self { github, runner, session }
    }
}

impl Drop for OpenPoll<'_> {
    fn drop(&mut self) {
        self.github.step(|state, now| state.end_poll(self.runner, self.session, now));
    }
}
