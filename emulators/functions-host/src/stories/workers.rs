//! Stories of processes.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::handler::REFUSE;
use super::world::{App, PATIENCE};
use crate::{ControlError, FunctionsHost, definitions};

#[tokio::test]
async fn a_handler_that_refuses_to_start_is_reported_with_its_words() {
    let app = App::with_http("Hook", "anonymous").setting(REFUSE, "BatchAccountUrl is missing");
    let Err(err) = app.try_start().await else { panic!("it refuses") };
    let trouble = err.source().expect("a cause");
    insta::assert_snapshot!(format!("{err}:\n{trouble}"), @r"
    the handler of group http did not come up:
    it ended with exit code 3, having said: BatchAccountUrl is missing
    ");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_reported() {
    let description = json!({ "defaultExecutablePath": "bin/handler" });
    let app = App::with_http("Hook", "anonymous").custom_handler("description", description);
    let Err(err) = app.try_start().await else { panic!("there is no such program") };
    let trouble = err.source().expect("a cause").to_string();
    assert!(trouble.ends_with("bin/handler cannot be started"), "{trouble}");
}

#[tokio::test]
async fn the_handler_sees_its_settings_and_nothing_of_this_machine() {
    let mut world = App::with_http("Hook", "anonymous").setting("HOME", "/home/app").start().await;
    let said = world.started("http").await;
    assert_eq!(said, r#"{"started":{"home":"/home/app","user":null}}"#);
}

#[tokio::test]
async fn each_group_has_a_process_of_its_own() {
    let timer = json!([{ "type": "timerTrigger", "name": "timer", "schedule": "0 0 0 1 1 *" }]);
    let http = json!([{ "type": "httpTrigger", "name": "request" }]);
    let app = App::with_http("Hook", "anonymous").function("Claim", http).function("Tidy", timer);
    let world = app.start().await;
    let groups: Vec<_> = world.host.worker_pids().into_keys().collect();
    assert_eq!(groups, ["function:Tidy", "http"]);
    assert_eq!(world.host.functions().collect::<Vec<_>>(), ["Claim", "Hook", "Tidy"]);
}

#[tokio::test]
async fn a_handler_that_ends_with_0_is_not_started_again() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    assert_eq!(world.send(world.post("/api/Exit"), b"0").await.status(), 500);
    // The host may still believe in the process for a moment; from then on there is none.
    let noticed = async {
        while world.invoked("Exit").await != 503 {
            assert_eq!(world.send(world.post("/api/Exit"), b"0").await.status(), 500);
        }
    };
    timeout(PATIENCE, noticed).await.expect("the host notices in time");
    assert_eq!(world.host.kill_worker("http"), Err(ControlError::NoProcess("http".to_owned())));
}

#[tokio::test]
async fn a_handler_that_keeps_dying_stops_the_host() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    // The deliberate restart by code 200 does not count.
    for code in ["1", "200", "1"] {
        world.started("http").await;
        assert_eq!(world.send(world.post("/api/Exit"), code.as_bytes()).await.status(), 500);
    }
    world.started("http").await;
    let stopped = async {
        loop {
            let answer = world.send(world.post("/api/Exit"), b"1").await;
            if answer.status() != 500 {
                return answer;
            }
        }
    };
    let answer = timeout(PATIENCE, stopped).await.expect("the host stops in time");
    let said = "Function host is not running.";
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (503, said.as_bytes()));
}

#[tokio::test]
async fn errors_half_an_hour_apart_do_not_add_up() {
    let mut world = App::with_http("Exit", "anonymous").start().await;
    for _ in 0..4 {
        world.started("http").await;
        world.site.clock.advance(Duration::from_secs(31 * 60));
        assert_eq!(world.send(world.post("/api/Exit"), b"1").await.status(), 500);
    }
    world.started("http").await;
}

#[tokio::test]
async fn a_shut_down_host_leaves_no_process_behind() {
    let world = App::with_http("Hook", "anonymous").start().await;
    let process = world.pid("http");
    world.host.shutdown().await;
    assert!(!Path::new(&format!("/proc/{process}")).exists());
    assert_eq!(world.send(world.post("/api/Hook"), b"").await.status(), 503);
}

#[test]
fn the_definitions_of_this_repository_are_ones_that_the_host_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::copy(root.join("host.json"), folder.path().join("host.json")).expect("host.json");
    let definitions = root.join("function-definitions");
    for entry in std::fs::read_dir(definitions).expect("the definitions") {
        let entry = entry.expect("a definition");
        std::os::unix::fs::symlink(entry.path(), folder.path().join(entry.file_name()))
            .expect("a link");
    }
    let app = definitions::read(folder.path()).expect("good definitions");
    let names: Vec<_> = app.functions.iter().map(|function| function.group()).collect();
    insta::assert_snapshot!(format!("{names:#?}\n{:#?}", app.host), @r#"
    [
        "http",
        "http",
        "http",
        "function:ReconcileRunners",
        "function:RefreshFirewall",
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
        queues: Queues {
            batch_size: 16,
            new_batch_threshold: 8,
            max_polling_interval: 2s,
            visibility_timeout: 30s,
            max_dequeue_count: 5,
            encoding: Base64,
        },
    }
    "#);
}

#[expect(
    dead_code,
    reason = "it is enough that this compiles: the host can be shared between threads"
)]
fn a_host_can_be_shared(host: FunctionsHost) -> impl Send + Sync {
    host
}
