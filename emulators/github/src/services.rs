//! Answers runners: registration with a token, the session, the job.
//!
//! GitHub's own protocol is not public. This one asks for the same things in the same order, so that
//! what may go wrong between a runner and GitHub may go wrong here.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use emulator_core::service::{Request, Response, json_response};

mod registering;

use super::GitHub;
use super::answer::{Query, Refusal};
use super::job::{Job, Report};
use super::operation::Operation;
use super::refusals::{RunnerError, VersionCheck};
use super::route::Route;
use super::state::{Heard, NoSession};

/// How long a request for a message stays open.
const LONG_POLL: TimeDelta = TimeDelta::seconds(50);

#[derive(Deserialize)]
struct Opening {
    version: String,
    os: String,
}

impl GitHub {
    /// Answers a request to the runner service.
    pub(super) async fn serve_runner(&self, route: &Route<'_>, request: &Request) -> Response {
        if route.operation == Operation::RegisterRunner {
            return self.register_runner(request).unwrap_or_else(Refusal::into_response);
        }
        if route.operation == Operation::ExchangeToken {
            return self.exchange_token(request);
        }
        let token = credential(request, "Bearer").unwrap_or_default();
        let Some(runner) = self.step(|state, _| state.runner_with(token)) else {
            return refuse(StatusCode::UNAUTHORIZED, "the access token is unknown");
        };
        let (name, number) = (route.names.first().copied().unwrap_or_default(), route.number(0));
        match route.operation {
            Operation::OpenSession => self.open_session(runner, request),
            Operation::NextMessage => self.next_message(runner, name, request).await,
            Operation::AcknowledgeJob => self.acknowledge_job(runner, number),
            Operation::AcceptJob => self.accept_job(runner, number),
            Operation::RenewJob => self.renew_job(runner, number),
            Operation::CompleteJob => self.complete_job(runner, number, request),
            _ => {
                self.step(|state, now| state.end_session(runner, now));
                no_content()
            }
        }
    }

    fn exchange_token(&self, request: &Request) -> Response {
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(request.body()).collect();
        let jwt = form.get("client_assertion").map(AsRef::as_ref).unwrap_or_default();
        match self.step(|state, _| state.exchange(jwt)) {
            Some(token) => {
                let body =
                    json!({ "access_token": token, "token_type": "bearer", "expires_in": 3000 });
                json_response(StatusCode::OK, &body)
            }
            None => json_response(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_client" })),
        }
    }

    fn open_session(&self, runner: u64, request: &Request) -> Response {
        let Ok(asked) = read::<Opening>(request) else {
            return refuse(StatusCode::BAD_REQUEST, "the version is missing");
        };
        if self.refuses(VersionCheck::Session, &asked.version) {
            return refuse(StatusCode::FORBIDDEN, "Forbidden");
        }
        let is_refused = self.refuses(VersionCheck::Message, &asked.version);
        let (os, version) = (asked.os, asked.version);
        match self.step(|state, now| state.open_session(runner, (os, version), is_refused, now)) {
            Ok(session) => json_response(StatusCode::OK, &json!({ "session": session })),
            Err(NoSession::Conflict) => {
                refuse(StatusCode::CONFLICT, "the runner has a session already")
            }
            Err(NoSession::NoRunner) => {
                RunnerError::RunnerNotFound.into_response("the registration was removed")
            }
        }
    }

    fn refuses(&self, at: VersionCheck, version: &str) -> bool {
        let least = self.options.minimum_version.as_deref().unwrap_or_default();
        self.options.version_check == at && numbers(version) < numbers(least)
    }

    async fn next_message(&self, runner: u64, session: &str, request: &Request) -> Response {
        let query = Query::of(request.uri().query().unwrap_or_default());
        let after = query.get("after").and_then(|text| text.parse().ok()).unwrap_or_default();
        if let Some(error) = self.step(|state, now| state.rejection(runner, now)) {
            return error.into_response("as the test ordered");
        }
        if self.refuses(VersionCheck::Message, query.get("version").unwrap_or_default()) {
            let text = "the runner version is deprecated and cannot receive messages";
            return RunnerError::RunnerVersionTooOld.into_response(text);
        }
        let until = self.site.clock.now() + LONG_POLL;
        let _poll = Poll::begin(self, runner, session);
        loop {
            let woken = match self.step(|state, _| state.hear(runner, session, after)) {
                Heard::Gone(error) => return error.into_response("the session is over"),
                Heard::Message(number, message) => {
                    let text = json!({ "number": number, "message": message });
                    return json_response(StatusCode::OK, &text);
                }
                Heard::Nothing(woken) => woken,
            };
            tokio::select! {
                biased;
                () = woken.notified() => {}
                () = self.site.clock.sleep_until(until) => return no_content(),
            }
        }
    }

    fn acknowledge_job(&self, runner: u64, job: u64) -> Response {
        if self.step(|state, _| state.has_job(runner, job)) {
            no_content()
        } else {
            RunnerError::AcknowledgeJobNotFound.into_response("the job was withdrawn")
        }
    }

    fn renew_job(&self, runner: u64, job: u64) -> Response {
        if self.step(|state, _| state.has_job(runner, job)) {
            no_content()
        } else {
            refuse(StatusCode::NOT_FOUND, "the job is not this runner's any more")
        }
    }

    fn accept_job(&self, runner: u64, job: u64) -> Response {
        match self.step(|state, now| state.accept(runner, job, now)) {
            Some(job) => json_response(StatusCode::OK, &order(&job)),
            None => refuse(StatusCode::CONFLICT, "the job is not this runner's any more"),
        }
    }

    fn complete_job(&self, runner: u64, job: u64, request: &Request) -> Response {
        let Ok(report) = read::<Report>(request) else {
            return refuse(StatusCode::BAD_REQUEST, "the conclusion is missing");
        };
        if self.step(|state, now| state.conclude(runner, job, report, now)) {
            no_content()
        } else {
            refuse(StatusCode::CONFLICT, "the job is not this runner's any more")
        }
    }
}

/// A request for a message while it is open, however it ends: a client that goes away ends it too.
struct Poll<'a> {
    github: &'a GitHub,
    runner: u64,
    session: &'a str,
}

impl<'a> Poll<'a> {
    fn begin(github: &'a GitHub, runner: u64, session: &'a str) -> Self {
        github.step(|state, _| state.begin_poll(runner, session));
        Self { github, runner, session }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.github.step(|state, now| state.end_poll(self.runner, self.session, now));
    }
}

/// Writes what a runner must know to work on a job.
fn order(job: &Job) -> Value {
    let (owner, name) = job.repository.split_once('/').unwrap_or_default();
    let environment = json!({
        "GITHUB_JOB": "build",
        "GITHUB_REPOSITORY": job.repository,
        "GITHUB_REPOSITORY_OWNER": owner,
        "GITHUB_RUN_ID": job.run.to_string(),
        "GITHUB_RUN_NUMBER": (job.run % 1_000_000).to_string(),
        "GITHUB_RUN_ATTEMPT": job.attempt.to_string(),
        "GITHUB_WORKFLOW": "CI",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SHA": format!("{:040x}", job.run),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
    });
    json!({
        "job": job.id,
        "name": "build",
        "directory": name,
        "runs_for_ms": u64::try_from(job.runs_for.as_millis()).unwrap_or(u64::MAX),
        "set_up_fails": job.set_up_fails,
        "pre": job.pre,
        "script": job.script,
        "always": job.always,
        "environment": environment,
    })
}

fn credential<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    header.strip_prefix(scheme)?.strip_prefix(' ')
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(request.body())
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON"))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({ "message": message }))
}

fn no_content() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
