//! A GitHub with one runner in virtual time, and the actions of a case.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{Method, header};
use serde_json::{Value, json};

use super::Program;
use crate::tests::world::TOKEN;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::faults::Effect;
use emulator_core::service::{Response, Service};
use emulator_core::transport::{self, Transport, TransportError};
use github_emulator::{GitHub, NewJob, Options, RunnerError, VersionCheck, Visibility};

/// A fault for all calls.
pub(super) const ALWAYS: u32 = u32::MAX;
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// An action on a runner or its service.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// The next calls of an operation fail with a status.
    Fail(&'static str, u32, u16),
    /// The next poll for a message is rejected.
    Reject(RunnerError),
    /// The service is unreachable for this duration.
    Unreachable(Duration),
    /// The faults end after this duration.
    Recover(Duration),
    RemoveRunner,
    LoseSession,
    Refresh,
    Queue,
    QueueWithFailingSetUp,
    /// A file of the configuration is changed.
    File(&'static str, fn(&str) -> Option<String>),
    /// `_diag` cannot be written.
    BlockDiag,
    /// Return code 7 is requested.
    RequestCodeSeven,
    Stop,
    /// The runner is stopped after it requested the job, before the response.
    StopInAcceptance,
}

use Action::*;

/// A GitHub with one runner, in virtual time.
pub(super) struct Scene {
    pub(super) context: EventContext,
    pub(super) github: Arc<GitHub>,
    pub(super) service: Arc<Service<GitHub>>,
    pub(super) unreachable: Arc<AtomicBool>,
    pub(super) program: Program,
    pub(super) config: String,
}

impl Scene {
    pub(super) async fn new(version_check: Option<VersionCheck>) -> Self {
        let mut options = Options::new(TOKEN, 1);
        options.transport = Arc::new(|_| async { Ok(Response::default()) }.boxed());
        if let Some(at) = version_check {
            options.version_check = at;
            options.minimum_version = Some("2.1000.0".to_owned());
        }
        let context =
            EventContext::new(Clock::starting_at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = GitHub::new(options, context.clone());
        github.add_repository("octo/app", Visibility::Private);
        let service = Service::new(Arc::clone(&github));
        let mut program = Program::new();
        let perf = program.home.path().join("perf").to_str().unwrap().to_owned();
        program.env.insert("RUNNER_PERFLOG".to_owned(), perf);
        let config = configuration(&service).await;
        crate::configuration::write(program.home.path(), &decoded(&config)).unwrap();
        let unreachable = Arc::default();
        Self { context, github, service, unreachable, program, config }
    }

    /// Returns a transport to GitHub that can be closed.
    pub(super) fn transport(&self) -> Transport {
        let (open, closed) =
            (transport::to(Arc::clone(&self.service)), Arc::clone(&self.unreachable));
        Arc::new(move |request| {
            if closed.load(Ordering::Relaxed) {
                return async { Err(TransportError("closed".to_owned())) }.boxed();
            }
            open(request)
        })
    }

    /// Calls the API with valid credentials.
    pub(super) async fn api(&self, method: Method, path: &str, body: Value) -> Value {
        call(&self.service, method, path, body).await
    }

    pub(super) async fn apply(&mut self, action: Action) {
        match action {
            Fail(operation, times, status) => {
                let effect = Effect::Fail { status, retry_after: None };
                self.service.faults.inject(operation, times, effect);
            }
            Reject(error) => self.github.reject_message(error),
            Unreachable(time) => {
                let closed = Arc::clone(&self.unreachable);
                closed.store(true, Ordering::Relaxed);
                after(time, move || closed.store(false, Ordering::Relaxed));
            }
            Recover(time) => {
                let service = Arc::clone(&self.service);
                after(time, move || service.faults.release());
            }
            RemoveRunner => assert!(self.github.remove_runner("gh-1")),
            LoseSession => assert!(self.github.end_session("gh-1")),
            Refresh => assert!(self.github.refresh_runner("gh-1", [2, 400, 0])),
            Queue => {
                self.github.queue_job(NewJob::new("octo/app", &["linux"]));
            }
            QueueWithFailingSetUp => {
                let new = NewJob { set_up_fails: true, ..NewJob::new("octo/app", &["linux"]) };
                self.github.queue_job(new);
            }
            File(name, change) => change_file(&self.program.home.path().join(name), change),
            BlockDiag => std::fs::write(self.program.home.path().join("_diag"), "").unwrap(),
            RequestCodeSeven => {
                let name = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE".to_owned();
                self.program.env.insert(name, "1".to_owned());
            }
            Stop => {
                self.program.stop.send_replace(true);
            }
            StopInAcceptance => {
                let (service, stop) = (Arc::clone(&self.service), self.program.stop.clone());
                service.faults.inject("AcceptJob", 1, Effect::DelayResponse);
                tokio::spawn(async move {
                    service.faults.called("AcceptJob", 1).await;
                    stop.send_replace(true);
                    tokio::task::yield_now().await;
                    service.faults.release();
                });
            }
        }
    }

    /// Starts the listener as run.sh does: again after codes 2, 3 and 4, at most three times.
    pub(super) async fn run(&mut self, online: &[Action]) -> Vec<u8> {
        let mut codes = Vec::new();
        let mut online = online.iter();
        loop {
            let running = self.program.start_on(self.transport(), &["run"]);
            if online.len() > 0 {
                self.program.wait_for_output("Listening for Jobs").await;
            }
            for action in online.by_ref() {
                self.apply(*action).await;
            }
            let code = running.await.unwrap().code();
            codes.push(code);
            if !(2..=4).contains(&code) || codes.len() == 3 {
                return codes;
            }
            if code == 2 {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}

fn after(time: Duration, act: impl FnOnce() + Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        act();
    });
}

fn change_file(path: &Path, change: fn(&str) -> Option<String>) {
    let before = std::fs::read_to_string(path).unwrap();
    match change(&before) {
        Some(text) => {
            assert_ne!(text, before);
            std::fs::write(path, text).unwrap();
        }
        None => std::fs::remove_file(path).unwrap(),
    }
}

async fn configuration(service: &Arc<Service<GitHub>>) -> String {
    let body = json!({ "name": "gh-1", "runner_group_id": 1, "labels": ["linux"] });
    let path = "/repos/octo/app/actions/runners/generate-jitconfig";
    let response = call(service, Method::POST, path, body).await;
    response["encoded_jit_config"].as_str().unwrap().to_owned()
}

async fn call(service: &Arc<Service<GitHub>>, method: Method, path: &str, body: Value) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://github.test{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::USER_AGENT, "mayfly")
        .body(Bytes::from(body.to_string()));
    let response = service.call(request.unwrap()).await.unwrap();
    serde_json::from_slice(response.body()).unwrap()
}

fn decoded(config: &str) -> std::collections::BTreeMap<String, String> {
    crate::configuration::decode(config).unwrap()
}
