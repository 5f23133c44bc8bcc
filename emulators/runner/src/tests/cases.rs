//! Tables of cases in which actions/runner 2.336.0 was observed: the actions, the listener's return codes, the
//! duration, the events on GitHub, and whether a Worker ran. In virtual time.

use std::time::Duration;

use super::scene::Action::{self, *};
use super::scene::{ALWAYS, HOUR, Scene};
use emulator_core::events::EventKind;
use github_emulator::{RunnerError, VersionCheck};

struct Case {
    name: &'static str,
    version_check: Option<VersionCheck>,
    before: &'static [Action],
    online: &'static [Action],
}

const fn case(name: &'static str, before: &'static [Action], online: &'static [Action]) -> Case {
    Case { name, version_check: None, before, online }
}

const fn too_old(name: &'static str, at: VersionCheck, before: &'static [Action]) -> Case {
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
    case("_diag cannot be written", &[BlockDiag], &[]),
];

const SESSIONS: &[Case] = &[
    case("401", &[Fail("OpenSession", ALWAYS, 401)], &[]),
    case("403", &[Fail("OpenSession", ALWAYS, 403)], &[]),
    case("404 for an hour", &[Fail("OpenSession", ALWAYS, 404), Recover(HOUR), Queue], &[]),
    case("503 for an hour", &[Fail("OpenSession", ALWAYS, 503), Recover(HOUR), Queue], &[]),
    case("unreachable for an hour", &[Unreachable(HOUR), Queue], &[]),
    case("409 for good", &[Fail("OpenSession", ALWAYS, 409)], &[]),
    case("409 twice", &[Fail("OpenSession", 2, 409), Queue], &[]),
    case("registration deleted before", &[RemoveRunner], &[]),
    too_old("version rejected at the session", VersionCheck::Session, &[RequestCodeSeven]),
    too_old("version rejected at a message", VersionCheck::Message, &[]),
    too_old("the same, code requested", VersionCheck::Message, &[RequestCodeSeven]),
];

const MESSAGES: &[Case] = &[
    case("stopped while idle", &[], &[Stop]),
    case("registration deleted", &[], &[RemoveRunner]),
    case(
        "registration deleted, only the token service knows",
        &[Fail("NextMessage", 1, 500), Fail("NextMessage", ALWAYS, 401)],
        &[RemoveRunner],
    ),
    case("RunnerNotFound", &[Reject(RunnerError::RunnerNotFound)], &[]),
    case("HostedRunnerDeprovisioned", &[Reject(RunnerError::HostedRunnerDeprovisioned)], &[]),
    case("RunnerSessionInvalid", &[Reject(RunnerError::RunnerSessionInvalid), Queue], &[]),
    case("session lost", &[], &[LoseSession, Queue]),
    case("401 for good", &[Fail("NextMessage", ALWAYS, 401)], &[]),
    case("403 for good", &[Fail("NextMessage", ALWAYS, 403)], &[]),
    case("500 for good", &[Fail("NextMessage", ALWAYS, 500)], &[]),
    case(
        "500 for twenty minutes",
        &[Fail("NextMessage", ALWAYS, 500), Recover(Duration::from_secs(1200)), Queue],
        &[],
    ),
    case("network lost for two minutes", &[], &[Unreachable(Duration::from_secs(120)), Queue]),
    case("update requested", &[], &[Refresh, Queue]),
];

const JOBS: &[Case] = &[
    case("served", &[Queue], &[]),
    case("set-up fails", &[QueueWithFailingSetUp], &[]),
    case("acknowledge 404", &[Fail("AcknowledgeJob", 1, 404), Queue], &[]),
    case("acknowledge 500", &[Fail("AcknowledgeJob", 1, 500), Queue], &[]),
    case("acquire 409", &[Fail("AcceptJob", 1, 409), Queue], &[]),
    case("first renewal 404", &[Fail("RenewJob", 1, 404), Queue], &[]),
    case("completion 500 for good", &[Fail("CompleteJob", ALWAYS, 500), Queue], &[]),
    case("stopped before the Worker starts", &[StopInAcceptance, Queue], &[]),
];

fn event_name(event: &EventKind) -> Option<String> {
    Some(match event {
        EventKind::RunnerOnline { .. } => "online".to_owned(),
        EventKind::JobStarted { .. } => "job started".to_owned(),
        EventKind::JobDone { conclusion, .. } => format!("job {conclusion}"),
        EventKind::RunnerGone { .. } => "removed".to_owned(),
        _ => return None,
    })
}

/// Runs a case, and returns its line of the table.
async fn outcome(case: &Case) -> String {
    let mut scene = Scene::new(case.version_check).await;
    let mut events = scene.context.subscribe();
    let started = scene.context.clock.now();
    for action in case.before {
        scene.apply(*action).await;
    }
    let codes = scene.run(case.online).await;
    let seconds = (scene.context.clock.now() - started).num_seconds();
    let mut names = Vec::new();
    while let Ok(event) = events.try_recv() {
        names.extend(event_name(&event.kind));
    }
    let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
    let worker = if scene.program.has("perf/Worker.perf") { "a Worker" } else { "no Worker" };
    let configured = if scene.program.has(".runner") { "configured" } else { "not configured" };
    let names = names.join(", ");
    format!("{}: {} after {seconds} s; {worker}; {configured}; {names}", case.name, codes.join(" "))
}

async fn table(cases: &[Case]) -> String {
    let mut lines = Vec::new();
    for case in cases {
        lines.push(outcome(case).await);
    }
    lines.join("\n")
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_configuration_end_as_observed() {
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
async fn failures_to_open_a_session_end_as_observed() {
    insta::assert_snapshot!(table(SESSIONS).await, @r#"
    401: 1 after 0 s; no Worker; configured; 
    403: 1 after 0 s; no Worker; configured; 
    404 for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, removed
    503 for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, removed
    unreachable for an hour: 0 after 3600 s; a Worker; not configured; online, job started, job success, removed
    409 for good: 5 after 210 s; no Worker; configured; 
    409 twice: 0 after 60 s; a Worker; not configured; online, job started, job success, removed
    registration deleted before: 1 after 0 s; no Worker; configured; removed
    version rejected at the session: 1 after 0 s; no Worker; configured; 
    version rejected at a message: 1 after 0 s; no Worker; configured; online
    the same, code requested: 7 after 0 s; no Worker; configured; online
    "#);
}

#[tokio::test(start_paused = true)]
async fn failed_polls_end_as_observed() {
    insta::assert_snapshot!(table(MESSAGES).await, @r#"
    stopped while idle: 0 after 0 s; no Worker; configured; online
    registration deleted: 0 after 0 s; no Worker; not configured; online, removed
    registration deleted, only the token service knows: 2 1 after 726 s; no Worker; configured; online, removed
    RunnerNotFound: 0 after 0 s; no Worker; not configured; online
    HostedRunnerDeprovisioned: 0 after 0 s; no Worker; configured; online
    RunnerSessionInvalid: 0 after 60 s; a Worker; not configured; online, online, job started, job success, removed
    session lost: 0 after 0 s; a Worker; not configured; online, online, job started, job success, removed
    401 for good: 1 after 0 s; no Worker; configured; online
    403 for good: 2 2 2 after 2173 s; no Worker; configured; online, online, online
    500 for good: 2 2 2 after 2173 s; no Worker; configured; online, online, online
    500 for twenty minutes: 2 0 after 1267 s; a Worker; not configured; online, online, online, job started, job success, removed
    network lost for two minutes: 0 after 186 s; a Worker; not configured; online, online, job started, job success, removed
    update requested: 4 0 after 60 s; a Worker; not configured; online, online, job started, job success, removed
    "#);
}

#[tokio::test(start_paused = true)]
async fn failed_requests_for_a_job_end_as_observed() {
    insta::assert_snapshot!(table(JOBS).await, @r#"
    served: 0 after 0 s; a Worker; not configured; online, job started, job success, removed
    set-up fails: 0 after 0 s; a Worker; not configured; online, job started, job failure, removed
    acknowledge 404: 0 after 0 s; no Worker; configured; online
    acknowledge 500: 0 after 0 s; a Worker; not configured; online, job started, job success, removed
    acquire 409: 0 after 60 s; a Worker; not configured; online, job started, job success, removed
    first renewal 404: 0 after 0 s; no Worker; configured; online, job started
    completion 500 for good: 0 after 286 s; a Worker; not configured; online, job started
    stopped before the Worker starts: 0 after 0 s; no Worker; configured; online, job started
    "#);
}

#[tokio::test(start_paused = true)]
async fn the_perf_log_shows_a_runners_progress() {
    let mut scene = Scene::new(None).await;
    scene.apply(Queue).await;
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
