//! The cases of the real runner (actions/runner 2.336.0 was seen in each) as a table: what is ordered, how the
//! listener ends and after how long, what GitHub saw of it, and whether a Worker ran. In virtual time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::header;
use serde_json::{Value, json};

use super::Program;
use crate::clock::Clock;
use crate::events::{Happening, Site};
use crate::faults::Effect;
use crate::github::tests::TOKEN;
use crate::github::wire::{self, Unanswered, Wire};
use crate::github::{GitHub, NewJob, Options, RunnerError, VersionCheck, Visibility};
use crate::service::{Response, Service};

const FOR_GOOD: u32 = u32::MAX;
const HOUR: Duration = Duration::from_secs(3600);

/// What is done to a runner or to its service.
#[derive(Clone, Copy)]
enum Order {
    /// The next calls of an operation are answered with a status.
    Answer(&'static str, u32, u16),
    /// The next request for a message is rejected.
    Reject(RunnerError),
    /// No request is answered until the time has passed.
    Unreachable(Duration),
    /// The faults end after this time.
    Recover(Duration),
    RemoveRunner,
    LoseSession,
    Refresh,
    Queue,
    QueueBroken,
    /// A file of the configuration is changed.
    File(&'static str, fn(&str) -> Option<String>),
    /// `_diag` cannot be written.
    NoDiag,
    AskForSeven,
    Stop,
    /// The runner is stopped when it has asked for the job, before the answer.
    StopInAcceptance,
}

use Order::*;

struct Case {
    name: &'static str,
    version_check: Option<VersionCheck>,
    before: &'static [Order],
    online: &'static [Order],
}

const fn case(name: &'static str, before: &'static [Order], online: &'static [Order]) -> Case {
    Case { name, version_check: None, before, online }
}

const fn too_old(name: &'static str, at: VersionCheck, before: &'static [Order]) -> Case {
    Case { name, version_check: Some(at), before, online: &[] }
}

const CONFIGURATION: &[Case] = &[
    case("not configured", &[File(".runner", |_| None)], &[]),
    case("credentials missing", &[File(".credentials", |_| None)], &[]),
    case("key missing", &[File(".credentials_rsaparams", |_| None)], &[]),
    case(
        "key of one number",
        &[File(".credentials_rsaparams", |_| Some(r#"{"d":"AQAB"}"#.to_owned()))],
        &[],
    ),
    case(
        "key not base64",
        &[File(".credentials_rsaparams", |key| Some(key.replacen("\"d\":\"", "\"d\":\"%", 1)))],
        &[],
    ),
    case(
        "key of wrong numbers",
        &[File(".credentials_rsaparams", |key| Some(key.replacen("\"p\":\"", "\"p\":\"AAAA", 1)))],
        &[],
    ),
    case(
        "UseV2Flow without ServerUrlV2",
        &[File(".runner", |text| Some(text.replace("ServerUrlV2", "Other")))],
        &[],
    ),
    case(
        "key of another runner",
        &[File(".credentials", |text| {
            Some(text.replacen("\"clientId\":\"", "\"clientId\":\"0", 1))
        })],
        &[],
    ),
    case("_diag cannot be written", &[NoDiag], &[]),
];

const SESSIONS: &[Case] = &[
    case("401", &[Answer("OpenSession", FOR_GOOD, 401)], &[]),
    case("403", &[Answer("OpenSession", FOR_GOOD, 403)], &[]),
    case("404 for an hour", &[Answer("OpenSession", FOR_GOOD, 404), Recover(HOUR), Queue], &[]),
    case("503 for an hour", &[Answer("OpenSession", FOR_GOOD, 503), Recover(HOUR), Queue], &[]),
    case("unreachable for an hour", &[Unreachable(HOUR), Queue], &[]),
    case("409 for good", &[Answer("OpenSession", FOR_GOOD, 409)], &[]),
    case("409 twice", &[Answer("OpenSession", 2, 409), Queue], &[]),
    case("registration deleted before", &[RemoveRunner], &[]),
    too_old("version refused at the session", VersionCheck::Session, &[AskForSeven]),
    too_old("version refused at a message", VersionCheck::Message, &[]),
    too_old("the same, code asked for", VersionCheck::Message, &[AskForSeven]),
];

const MESSAGES: &[Case] = &[
    case("stopped while idle", &[], &[Stop]),
    case("registration deleted", &[], &[RemoveRunner]),
    case(
        "registration deleted, only the token service knows",
        &[Answer("NextMessage", 1, 500), Answer("NextMessage", FOR_GOOD, 401)],
        &[RemoveRunner],
    ),
    case("RunnerNotFound", &[Reject(RunnerError::RunnerNotFound)], &[]),
    case("HostedRunnerDeprovisioned", &[Reject(RunnerError::HostedRunnerDeprovisioned)], &[]),
    case("RunnerSessionInvalid", &[Reject(RunnerError::RunnerSessionInvalid), Queue], &[]),
    case("session lost", &[], &[LoseSession, Queue]),
    case("401 for good", &[Answer("NextMessage", FOR_GOOD, 401)], &[]),
    case("403 for good", &[Answer("NextMessage", FOR_GOOD, 403)], &[]),
    case("500 for good", &[Answer("NextMessage", FOR_GOOD, 500)], &[]),
    case(
        "500 for twenty minutes",
        &[Answer("NextMessage", FOR_GOOD, 500), Recover(Duration::from_secs(1200)), Queue],
        &[],
    ),
    case("network lost for two minutes", &[], &[Unreachable(Duration::from_secs(120)), Queue]),
    case("update ordered", &[], &[Refresh, Queue]),
];

const JOBS: &[Case] = &[
    case("served", &[Queue], &[]),
    case("set-up fails", &[QueueBroken], &[]),
    case("acknowledge 404", &[Answer("AcknowledgeJob", 1, 404), Queue], &[]),
    case("acknowledge 500", &[Answer("AcknowledgeJob", 1, 500), Queue], &[]),
    case("acquire 409", &[Answer("AcceptJob", 1, 409), Queue], &[]),
    case("first renewal 404", &[Answer("RenewJob", 1, 404), Queue], &[]),
    case("completion 500 for good", &[Answer("CompleteJob", FOR_GOOD, 500), Queue], &[]),
    case("stopped before the Worker starts", &[StopInAcceptance, Queue], &[]),
];

/// A GitHub with one runner, in virtual time.
struct Scene {
    site: Site,
    github: Arc<GitHub>,
    service: Arc<Service<GitHub>>,
    unreachable: Arc<AtomicBool>,
    program: Program,
    config: String,
}

impl Scene {
    async fn new(case: &Case) -> Self {
        let mut options = Options::new(TOKEN, 1);
        options.wire = Arc::new(|_| async { Ok(Response::default()) }.boxed());
        if let Some(at) = case.version_check {
            options.version_check = at;
            options.minimum_version = Some("2.1000.0".to_owned());
        }
        let site = Site::new(Clock::starting_at("2026-11-21T12:00:00Z".parse().unwrap()));
        let github = GitHub::new(options, site.clone());
        github.add_repository("octo/app", Visibility::Private);
        let service = Service::new(Arc::clone(&github));
        let mut program = Program::new();
        let perf = program.home.path().join("perf").to_str().unwrap().to_owned();
        program.env.insert("RUNNER_PERFLOG".to_owned(), perf);
        let config = configuration(&service).await;
        super::super::home::write(program.home.path(), &decoded(&config)).unwrap();
        let unreachable = Arc::default();
        Self { site, github, service, unreachable, program, config }
    }

    /// A way to GitHub that can be closed.
    fn wire(&self) -> Wire {
        let (open, closed) = (wire::to(Arc::clone(&self.service)), Arc::clone(&self.unreachable));
        Arc::new(move |request| {
            if closed.load(Ordering::Relaxed) {
                return async { Err(Unanswered("closed".to_owned())) }.boxed();
            }
            open(request)
        })
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Answer(operation, times, status) => {
                let effect = Effect::Fail { status, retry_after: None };
                self.service.faults.befall(operation, times, effect);
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
            QueueBroken => {
                let broken = NewJob { set_up_fails: true, ..NewJob::new("octo/app", &["linux"]) };
                self.github.queue_job(broken);
            }
            File(name, change) => change_file(&self.program.home.path().join(name), change),
            NoDiag => std::fs::write(self.program.home.path().join("_diag"), "").unwrap(),
            AskForSeven => {
                let name = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE".to_owned();
                self.program.env.insert(name, "1".to_owned());
            }
            Stop => {
                self.program.stop.send_replace(true);
            }
            StopInAcceptance => {
                let (service, stop) = (Arc::clone(&self.service), self.program.stop.clone());
                service.faults.befall("AcceptJob", 1, Effect::Withhold);
                tokio::spawn(async move {
                    service.faults.called("AcceptJob", 1).await;
                    stop.send_replace(true);
                    tokio::task::yield_now().await;
                    service.faults.release();
                });
            }
        }
    }

    /// Starts the listener as run.sh does, again after 2, 3 and 4; gives up after the third start.
    async fn run(&mut self, online: &[Order]) -> Vec<u8> {
        let mut codes = Vec::new();
        let mut online = online.iter();
        loop {
            let running = self.program.start_on(self.wire(), &["run"]);
            if online.len() > 0 {
                self.program.says("Listening for Jobs").await;
            }
            for order in online.by_ref() {
                self.obey(*order).await;
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
    let path = "http://github.test/repos/octo/app/actions/runners/generate-jitconfig";
    let request = http::Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::USER_AGENT, "mayfly")
        .body(Bytes::from(body.to_string()));
    let answer = service.call(request.unwrap()).await.unwrap();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["encoded_jit_config"].as_str().unwrap().to_owned()
}

fn decoded(config: &str) -> std::collections::BTreeMap<String, String> {
    super::super::home::decode(config).unwrap()
}

fn word(what: &Happening) -> Option<String> {
    Some(match what {
        Happening::RunnerOnline { .. } => "online".to_owned(),
        Happening::JobStarted { .. } => "job started".to_owned(),
        Happening::JobDone { conclusion, .. } => format!("job {conclusion}"),
        Happening::RunnerGone { .. } => "gone".to_owned(),
        _ => return None,
    })
}

/// Runs a case; returns its line of the table.
async fn outcome(case: &Case) -> String {
    let mut scene = Scene::new(case).await;
    let mut events = scene.site.listen();
    let began = scene.site.clock.now();
    for order in case.before {
        scene.obey(*order).await;
    }
    let codes = scene.run(case.online).await;
    let seconds = (scene.site.clock.now() - began).num_seconds();
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.extend(word(&event.what));
    }
    let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
    let worker = if scene.program.has("perf/Worker.perf") { "a Worker" } else { "no Worker" };
    let kept = if scene.program.has(".runner") { "configured" } else { "not configured" };
    let seen = seen.join(", ");
    format!("{}: {} after {seconds} s; {worker}; {kept}; {seen}", case.name, codes.join(" "))
}

async fn table(cases: &[Case]) -> String {
    let mut lines = Vec::new();
    for case in cases {
        lines.push(outcome(case).await);
    }
    lines.join("\n")
}

#[tokio::test(start_paused = true)]
async fn configurations() {
    insta::assert_snapshot!(table(CONFIGURATION).await, @r#"
    not configured: 1 after 0 s; no Worker; not configured; 
    credentials missing: 2 2 2 after 10 s; no Worker; configured; 
    key missing: 2 2 2 after 10 s; no Worker; configured; 
    key of one number: 2 2 2 after 10 s; no Worker; configured; 
    key not base64: 2 2 2 after 10 s; no Worker; configured; 
    key of wrong numbers: 2 2 2 after 10 s; no Worker; configured; 
    UseV2Flow without ServerUrlV2: 2 2 2 after 10 s; no Worker; configured; 
    key of another runner: 1 after 0 s; no Worker; configured; 
    _diag cannot be written: 134 after 0 s; no Worker; configured;
    "#);
}

#[tokio::test(start_paused = true)]
async fn sessions() {
    insta::assert_snapshot!(table(SESSIONS).await, @r#"
    401: 1 after 0 s; no Worker; configured; 
    403: 1 after 0 s; no Worker; configured; 
    404 for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, gone
    503 for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, gone
    unreachable for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, gone
    409 for good: 5 after 210 s; no Worker; configured; 
    409 twice: 0 after 60 s; a Worker; not configured; online, job started, job success, gone
    registration deleted before: 1 after 0 s; no Worker; configured; gone
    version refused at the session: 1 after 0 s; no Worker; configured; 
    version refused at a message: 1 after 0 s; no Worker; configured; online
    the same, code asked for: 7 after 0 s; no Worker; configured; online
    "#);
}

#[tokio::test(start_paused = true)]
async fn messages() {
    insta::assert_snapshot!(table(MESSAGES).await, @r#"
    stopped while idle: 0 after 0 s; no Worker; configured; online
    registration deleted: 0 after 0 s; no Worker; not configured; online, gone
    registration deleted, only the token service knows: 2 1 after 726 s; no Worker; configured; online, gone
    RunnerNotFound: 0 after 0 s; no Worker; not configured; online
    HostedRunnerDeprovisioned: 0 after 0 s; no Worker; configured; online
    RunnerSessionInvalid: 0 after 60 s; a Worker; not configured; online, online, job started, job success, gone
    session lost: 0 after 0 s; a Worker; not configured; online, online, job started, job success, gone
    401 for good: 1 after 0 s; no Worker; configured; online
    403 for good: 2 2 2 after 2173 s; no Worker; configured; online, online, online
    500 for good: 2 2 2 after 2173 s; no Worker; configured; online, online, online
    500 for twenty minutes: 2 0 after 1267 s; a Worker; not configured; online, online, online, job started, job success, gone
    network lost for two minutes: 0 after 186 s; a Worker; not configured; online, online, job started, job success, gone
    update ordered: 4 0 after 60 s; a Worker; not configured; online, online, job started, job success, gone
    "#);
}

#[tokio::test(start_paused = true)]
async fn jobs() {
    insta::assert_snapshot!(table(JOBS).await, @r#"
    served: 0 after 0 s; a Worker; not configured; online, job started, job success, gone
    set-up fails: 0 after 0 s; a Worker; not configured; online, job started, job failure, gone
    acknowledge 404: 0 after 0 s; no Worker; configured; online
    acknowledge 500: 0 after 0 s; a Worker; not configured; online, job started, job success, gone
    acquire 409: 0 after 60 s; a Worker; not configured; online, job started, job success, gone
    first renewal 404: 0 after 0 s; no Worker; configured; online, job started
    completion 500 for good: 0 after 286 s; a Worker; not configured; online, job started
    stopped before the Worker starts: 0 after 0 s; no Worker; configured; online, job started
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_has_the_form_of_githubs() {
    let scene = Scene::new(&case("", &[], &[])).await;
    let read = |name: &str| scene.program.read(name);
    insta::assert_snapshot!(read(".runner"), @r#"{"AgentId":"21","AgentName":"gh-1","DisableUpdate":"True","Ephemeral":"True","PoolId":"1","PoolName":"Default","ServerUrl":"http://github.test/_services/","ServerUrlV2":"http://github.test/_services/","UseV2Flow":"True","WorkFolder":"_work"}"#);
    let credentials: Value = serde_json::from_str(&read(".credentials")).unwrap();
    let client = credentials["data"]["clientId"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(client).is_ok(), "{client}");
    insta::assert_snapshot!(read(".credentials").replace(client, "<uuid>"), @r#"{"data":{"authorizationUrl":"http://github.test/_services/token","clientId":"<uuid>","requireFipsCryptography":"True"},"scheme":"OAuth"}"#);
    let key: Value = serde_json::from_str(&read(".credentials_rsaparams")).unwrap();
    let names: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(names, ["d", "dp", "dq", "exponent", "inverseQ", "modulus", "p", "q"]);
    let by_argument = Program::new();
    scene.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let running = by_argument.start_on(scene.wire(), &["run", "--jitconfig", &scene.config]);
    assert_eq!(running.await.unwrap().code(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_perf_log_shows_how_far_a_runner_came() {
    let mut scene = Scene::new(&case("", &[], &[])).await;
    scene.obey(Queue).await;
    scene.run(&[]).await;
    let job = scene.github.jobs()[0].id.to_string();
    let counters = |name: &str| {
        let text = scene.program.read(name).replace(&job, "<job>");
        let counters = text.lines().map(|line| line.split_once(':').unwrap().0.to_owned());
        counters.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(counters("perf/Runner.perf"), @r#"
    RunnerProcessStarted
    SessionCreated
    MessageReceived_RunnerJobRequest
    JobRequestRenewed_<job>
    StartingWorkerProcess
    SentJobToWorker_<job>
    "#);
    insta::assert_snapshot!(counters("perf/Worker.perf"), @r#"
    WorkerProcessStarted
    WorkerJobMessageReceived_<job>
    WorkerJobInitialized_<job>
    "#);
}
