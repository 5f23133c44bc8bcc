//! Answers runners: registration with a token, the session, the job.
//!
//! GitHub's own protocol is not public. This one asks for the same things in the same order, so that
//! what may go wrong between a runner and GitHub may go wrong here.

use bytes::Bytes;
use chrono::TimeDelta;
use http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::service::{Request, Response, json_answer};

use super::GitHub;
use super::answer::{Query, Refusal};
use super::credentials;
use super::job::{Conclusion, Job};
use super::operation::Operation;
use super::registration::NewRunner;
use super::route::Route;
use super::scope::Scope;
use super::state::{Heard, NotRegistered};

/// How long a request for a message stays open.
const LONG_POLL: TimeDelta = TimeDelta::seconds(50);

#[derive(Deserialize)]
struct Registering {
    url: String,
    name: String,
    labels: Vec<String>,
    group: Option<String>,
    ephemeral: bool,
    replace: bool,
    work_folder: String,
}

#[derive(Deserialize)]
struct Opening {
    version: String,
    os: String,
}

#[derive(Deserialize)]
struct Completing {
    conclusion: Conclusion,
}

impl GitHub {
    /// Answers a request to the runner service.
    pub(super) async fn serve_runner(&self, route: &Route<'_>, request: &Request) -> Response {
        if route.operation == Operation::RegisterRunner {
            return self.register_runner(request).unwrap_or_else(Refusal::into_response);
        }
        let secret = credential(request, "Bearer").unwrap_or_default();
        let Some(runner) = self.step(|state, _| state.runner_with(secret)) else {
            return refuse(StatusCode::UNAUTHORIZED, "the registration was removed");
        };
        let name = route.names.first().copied().unwrap_or_default();
        match route.operation {
            Operation::OpenSession => self.open_session(runner, request),
            Operation::NextMessage => self.next_message(runner, name, request).await,
            Operation::AcceptJob => self.accept_job(runner, route.number(0)),
            Operation::CompleteJob => self.complete_job(runner, route.number(0), request),
            _ => {
                self.step(|state, now| state.end_session(runner, now));
                no_content()
            }
        }
    }

    /// A token that is unknown, expired or for another scope is not found, as GitHub has it.
    fn register_runner(&self, request: &Request) -> Result<Response, Refusal> {
        let asked: Registering = read(request)?;
        let url = url::Url::parse(&asked.url).map_err(|_| Refusal::not_found())?;
        let token = credential(request, "RemoteAuth").unwrap_or_default();
        let base = self.options.base_of(request);
        let files = self.step(|state, now| {
            let named = Scope::of_web_path(url.path()).and_then(|scope| state.known(&scope));
            let scope = state.token_scope(token, now).filter(|scope| named.as_ref() == Some(scope));
            let scope = scope.ok_or_else(Refusal::not_found)?;
            let wanted = asked.group.as_deref().unwrap_or("Default");
            let mut groups = state.groups_of(&scope).into_iter();
            let group = groups.find(|group| group.name.eq_ignore_ascii_case(wanted));
            let group = group.ok_or_else(|| {
                Refusal::invalid(format!("no self-hosted runner group is named \"{wanted}\""))
            })?;
            let former = state.runner_named(&scope, &asked.name).filter(|_| asked.replace);
            if let Some(id) = former.filter(|former| !former.busy).map(|former| former.id) {
                state.remove(id, now);
            }
            let order = NewRunner {
                name: asked.name,
                scope,
                group: group.id,
                labels: asked.labels,
                ephemeral: asked.ephemeral,
                work_folder: asked.work_folder,
            };
            let work_folder = order.work_folder.clone();
            let id = state.register(order, now).map_err(not_registered)?;
            Ok(credentials::files(&state.registrations[&id], &work_folder, &base))
        })?;
        Ok(json_answer(StatusCode::OK, &json!(files)))
    }

    fn open_session(&self, runner: u64, request: &Request) -> Response {
        let Ok(asked) = read::<Opening>(request) else {
            return refuse(StatusCode::BAD_REQUEST, "the version is missing");
        };
        let least = self.options.minimum_version.as_deref().unwrap_or_default();
        if numbers(&asked.version) < numbers(least) {
            let text = format!("version {} is deprecated and receives no messages", asked.version);
            return refuse(StatusCode::FORBIDDEN, &text);
        }
        let (os, version) = (asked.os, asked.version);
        match self.step(|state, now| state.open_session(runner, (os, version), now)) {
            Ok(session) => json_answer(StatusCode::OK, &json!({ "session": session })),
            Err(_) => refuse(StatusCode::CONFLICT, "the runner has a session already"),
        }
    }

    async fn next_message(&self, runner: u64, session: &str, request: &Request) -> Response {
        let query = Query::of(request.uri().query().unwrap_or_default());
        let after = query.get("after").and_then(|text| text.parse().ok()).unwrap_or_default();
        let until = self.site.clock.now() + LONG_POLL;
        let _poll = Poll::begin(self, runner, session);
        loop {
            let woken = match self.step(|state, _| state.hear(runner, session, after)) {
                Heard::Gone => return refuse(StatusCode::UNAUTHORIZED, "the session is over"),
                Heard::Message(number, message) => {
                    let text = json!({ "number": number, "message": message });
                    return json_answer(StatusCode::OK, &text);
                }
                Heard::Nothing(woken) => woken,
            };
            tokio::select! {
                biased;
                () = woken.notified() => {}
                () = self.site.clock.reaches(until) => return no_content(),
            }
        }
    }

    fn accept_job(&self, runner: u64, job: u64) -> Response {
        match self.step(|state, now| state.accept(runner, job, now)) {
            Some(job) => json_answer(StatusCode::OK, &order(&job)),
            None => refuse(StatusCode::CONFLICT, "the job is not this runner's any more"),
        }
    }

    fn complete_job(&self, runner: u64, job: u64, request: &Request) -> Response {
        let Ok(Completing { conclusion }) = read(request) else {
            return refuse(StatusCode::BAD_REQUEST, "the conclusion is missing");
        };
        if self.step(|state, now| state.conclude(runner, job, conclusion, now)) {
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

fn not_registered(reason: NotRegistered) -> Refusal {
    match reason {
        NotRegistered::NameTaken => {
            Refusal::new(StatusCode::CONFLICT, "a runner exists with the same name")
        }
        NotRegistered::NoSuchGroup => Refusal::not_found(),
    }
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
    json_answer(status, &json!({ "message": message }))
}

fn no_content() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
