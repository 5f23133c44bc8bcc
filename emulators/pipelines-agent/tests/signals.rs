//! The program as a process: the effects of signals.

use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use azure_pipelines_agent_emulator::install_agent;
use azure_pipelines_emulator::{NewJob, Options, Pipelines, Pool, TaskResult};
use bytes::Bytes;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Service, serve};
use emulator_core::transport;
use github_emulator::runner_keys;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const TOKEN: &str = "pat-of-tests";
/// The basic credential of the token.
const BASIC: &str = "Basic OnBhdC1vZi10ZXN0cw==";

/// An emulated organization behind a socket.
async fn organization() -> (Arc<Pipelines>, Listening) {
    let context = EventContext::new(Clock::of_this_machine());
    let pipelines = Pipelines::new(Options::new("contoso", TOKEN, 1), context);
    pipelines.add_pool(Pool::named("linux"));
    let service = Service::new(Arc::clone(&pipelines));
    let listening = serve(service, (Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port");
    (pipelines, listening)
}

/// Registers an agent as a provider does.
async fn register(url: &str) -> Value {
    let key = runner_keys::key(2);
    let public_key = json!({ "exponent": key.exponent, "modulus": key.modulus });
    let body = json!({ "name": "az-1", "version": "4.274.1", "authorization": { "publicKey": public_key } });
    let path = "contoso/_apis/distributedtask/pools/1/agents?api-version=7.1";
    let request = http::Request::post(format!("{url}/{path}")).header("authorization", BASIC);
    let request = request.body(Bytes::from(body.to_string())).expect("a request");
    let response = transport::http()(request).await.expect("a response");
    serde_json::from_slice(response.body()).expect("JSON")
}

/// Writes the files of an agent, and its program.
fn write(home: &Path, agent: &Value) {
    let settings = json!({
        "agentId": agent["id"],
        "agentName": agent["name"],
        "poolId": 1,
        "serverUrl": agent["properties"]["ServerUrl"]["$value"],
    });
    let authorization = &agent["authorization"];
    let credentials = json!({ "scheme": "OAuth", "data": authorization });
    let key = serde_json::to_string(runner_keys::key(2)).expect("a key");
    for (name, text) in [
        (".agent", settings.to_string()),
        (".credentials", credentials.to_string()),
        (".credentials_rsaparams", key),
    ] {
        std::fs::write(home.join(name), text).expect("a file");
    }
    install_agent(home, Path::new(env!("CARGO_BIN_EXE_emulated-agent"))).expect("a link");
}

/// Starts the listener with an empty environment.
fn start(home: &Path) -> Child {
    Command::new(home.join("bin/Agent.Listener"))
        .args(["run", "--once"])
        .env_clear()
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program")
}

async fn send(mut child: Child, signal: Signal) -> ExitStatus {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).expect("a running process");
    kill(Pid::from_raw(id), signal).expect("a signal");
    child.wait().await.expect("the end")
}

#[tokio::test]
async fn an_interrupt_cancels_the_job_and_a_termination_ends_the_process() {
    let (pipelines, listening) = organization().await;
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &register(&listening.url).await);
    let mut job = NewJob::new("shop", "linux");
    job.work.runs_for_ms = 3_600_000;
    let request = pipelines.queue_job(job.clone()).request();
    let has_started = |request: u64| {
        move |pipelines: &Pipelines| pipelines.request(request)?.receive_time.map(drop)
    };
    let child = start(home.path());
    pipelines.until(has_started(request)).await;
    assert_eq!(send(child, Signal::SIGINT).await.code(), Some(0));
    let known = pipelines.request(request).unwrap();
    assert_eq!(known.result, Some(TaskResult::Canceled));
    assert!(!pipelines.agent("az-1").unwrap().online, "the session was deleted");

    let request = pipelines.queue_job(job).request();
    let child = start(home.path());
    pipelines.until(has_started(request)).await;
    let status = send(child, Signal::SIGTERM).await;
    assert_eq!(status.signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(pipelines.request(request).unwrap().result, None);
    assert!(pipelines.agent("az-1").unwrap().online, "the session remains until it expires");
}

#[tokio::test]
async fn the_environment_of_the_process_is_seen_by_readers_of_the_pool() {
    let (pipelines, listening) = organization().await;
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &register(&listening.url).await);
    let child = Command::new(home.path().join("bin/Agent.Listener"))
        .args(["run", "--once"])
        .env("MAYFLY_TICKET", "secret")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    pipelines.until(|pipelines| pipelines.agent("az-1")?.online.then_some(())).await;
    let known = pipelines.agent("az-1").unwrap();
    assert_eq!(known.system_capabilities["MAYFLY_TICKET"], "secret");
    assert_eq!(send(child, Signal::SIGINT).await.code(), Some(0));
}
