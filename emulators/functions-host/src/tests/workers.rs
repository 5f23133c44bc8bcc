//! Tests of the handler processes.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::handler::{FAIL_AT_START, STDERR_LINES};
use super::world::{App, TEST_TIMEOUT};
use crate::{ControlError, FunctionsHost, LogLevel, definitions};

#[tokio::test]
async fn a_handler_that_fails_at_start_is_reported_with_stderr() {
    let app =
        App::with_http("Hook", "anonymous").setting(FAIL_AT_START, "BatchAccountUrl is missing");
    let Err(err) = app.try_start().await else { panic!("the handler exits") };
    let cause = err.source().expect("a cause");
    insta::assert_snapshot!(format!("{err}:\n{cause}"), @r"
    the handler of group http failed to start:
    it exited with exit code 3; stderr: BatchAccountUrl is missing
    ");
}

#[tokio::test]
async fn a_missing_executable_is_reported() {
    let description = json!({ "defaultExecutablePath": "bin/handler" });
    let app = App::with_http("Hook", "anonymous").custom_handler("description", description);
    let Err(err) = app.try_start().await else { panic!("the executable does not exist") };
    let cause = err.source().expect("a cause").to_string();
    assert!(cause.ends_with("bin/handler cannot be started"), "{cause}");
}

#[tokio::test]
async fn the_handler_inherits_no_environment_variables() {
    let mut world = App::with_http("Hook", "anonymous").setting("HOME", "/home/app").start().await;
    let started = world.started("http").await;
    assert_eq!(started, r#"{"started":{"home":"/home/app","user":null}}"#);
}

#[tokio::test]
async fn lines_have_the_level_of_the_real_host() {
    let lines =
        ["ERROR failed", "INFO ready", "ERROR repo=octo/Warning-app", "a WARN b", "panicked"];
    let app = App::with_http("Hook", "anonymous").setting(STDERR_LINES, &lines.join("\n"));
    let mut world = app.start().await;
    let mut levels = Vec::new();
    for expected in lines {
        levels.push(world.line(|line| line.text == expected).await.level);
    }
    use LogLevel::{Error, Warning};
    assert_eq!(levels, [Error, Error, Warning, Warning, Error]);
    let request = world.post("/api/Hook");
    world.send(request, b"{\"warn\":1}").await;
    let line = world.line(|line| line.text.contains("target")).await;
    assert_eq!(line.level, LogLevel::Information);
}

#[tokio::test]
async fn each_group_has_its_own_process() {
    let timer = json!([{ "type": "timerTrigger", "name": "timer", "schedule": "0 0 0 1 1 *" }]);
    let http = json!([{ "type": "httpTrigger", "name": "request" }]);
    let app = App::with_http("Hook", "anonymous").function("Claim", http).function("Tidy", timer);
    let world = app.start().await;
    let groups: Vec<_> = world.host.worker_pids().into_keys().collect();
    assert_eq!(groups, ["function:Tidy", "http"]);
    assert_eq!(world.host.functions().collect::<Vec<_>>(), ["Claim", "Hook", "Tidy"]);
}

#[tokio::test]
async fn a_handler_that_exits_with_0_is_not_restarted() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    assert_eq!(world.send(world.post("/api/Exit"), b"0").await.status(), 500);
    // The host may need some time to detect the exit; afterwards there is no process.
    let detected = async {
        while world.invoked("Exit").await != 503 {
            assert_eq!(world.send(world.post("/api/Exit"), b"0").await.status(), 500);
        }
    };
    timeout(TEST_TIMEOUT, detected).await.expect("the host detects the exit in time");
    assert_eq!(world.host.kill_worker("http"), Err(ControlError::NoProcess("http".to_owned())));
}

#[tokio::test]
async fn a_handler_that_keeps_failing_ends_the_host() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    // The restart requested with exit code 200 does not count.
    for code in ["1", "200", "1"] {
        world.started("http").await;
        assert_eq!(world.send(world.post("/api/Exit"), code.as_bytes()).await.status(), 500);
    }
    world.started("http").await;
    let stopped = async {
        loop {
            let response = world.send(world.post("/api/Exit"), b"1").await;
            // A call that waits for the process when the host ends gets 502.
            if response.status() == 503 {
                return response;
            }
        }
    };
    let response = timeout(TEST_TIMEOUT, stopped).await.expect("the host ends in time");
    let message = "Function host is not running.";
    assert_eq!((response.status().as_u16(), &response.body()[..]), (503, message.as_bytes()));
    // The platform starts it again, and the errors of the old host do not count.
    world.events.clock.advance(Duration::from_secs(10));
    for _ in 0..2 {
        world.started("http").await;
        assert_eq!(world.send(world.post("/api/Exit"), b"1").await.status(), 500);
    }
    world.started("http").await;
}

#[tokio::test]
async fn errors_more_than_half_an_hour_apart_do_not_add_up() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    for _ in 0..4 {
        world.started("http").await;
        world.events.clock.advance(Duration::from_secs(31 * 60));
        assert_eq!(world.send(world.post("/api/Exit"), b"1").await.status(), 500);
    }
    world.started("http").await;
}

#[tokio::test]
async fn shutdown_leaves_no_process() {
    let world = App::with_http("Hook", "anonymous").start().await;
    let process = world.pid("http");
    world.host.shutdown().await;
    assert!(!Path::new(&format!("/proc/{process}")).exists());
    assert_eq!(world.send(world.post("/api/Hook"), b"").await.status(), 503);
}

#[test]
fn the_host_accepts_the_definitions_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::copy(root.join("host.json"), folder.path().join("host.json")).expect("host.json");
    let definitions = root.join("function-definitions");
    for entry in std::fs::read_dir(definitions).expect("the definitions") {
        let entry = entry.expect("a definition");
        std::os::unix::fs::symlink(entry.path(), folder.path().join(entry.file_name()))
            .expect("a link");
    }
    let app = definitions::read(folder.path()).expect("valid definitions");
    let names: Vec<_> = app.functions.iter().map(|function| function.group()).collect();
    insta::assert_snapshot!(format!("{names:#?}\n{:#?}", app.host), @r#"
    [
        "http",
        "http",
        "http",
        "http",
        "http",
        "function:ReconcileRunners",
        "function:RefreshFirewall",
        "http",
        "http",
        "function:SubmitRunnerTask",
    ]
    HostJson {
        executable: "handler",
        arguments: [],
        working_directory: "",
        http_mode: Forward,
        route_prefix: "api",
        function_timeout: Some(
            300s,
        ),
        queues: QueueOptions {
            batch_size: 32,
            new_batch_threshold: 100,
            max_polling_interval: 500ms,
            visibility_timeout: 30s,
            max_dequeue_count: 5,
            encoding: Base64,
        },
    }
    "#);
}

#[expect(dead_code, reason = "a compile-time check that the host can be shared between threads")]
fn a_host_can_be_shared(host: FunctionsHost) -> impl Send + Sync {
    host
}
