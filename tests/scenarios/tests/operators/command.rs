//! `mayfly status` and `mayfly replay`, through real HTTP.

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn the_commands_print_status_and_replay_results() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let waiting = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    let output = env.command(PROGRAM, &["status"]).await;
    let (when, output) = output.split_once("Z: ").expect("a time");
    assert!(when.starts_with("0: 20"), "{when}");
    let output = output.split("GitHub rate limit").next().unwrap_or_default();
    assert_snapshot!(output.trim_end(), @r"
    1 waiting-for-node, 0 messages
    job 1 of octo/app, 0 min: waiting-for-node gh-1: all nodes of pool ubuntu are in use: raise its maximum, or wait
    pool ubuntu: 4 of 4 nodes (4 idle); tasks: 1 pending, 0 running
    pool windows: 4 of 4 nodes (4 idle); tasks: 0 pending, 0 running
    ");
    let json = env.command(PROGRAM, &["status", "--json"]).await;
    assert!(json.starts_with(r#"0: {"at":""#), "{json}");
    let skipped = env.command(PROGRAM, &["replay", "job", "octo/app", &waiting.to_string()]).await;
    assert_snapshot!(skipped, @"1: job 1 skipped: task gh-1 is to serve it: all nodes of pool ubuntu are in use: raise its maximum, or wait");
    assert_snapshot!(env.command(PROGRAM, &["replay", "poison"]).await, @"0: nothing to replay");
    assert_snapshot!(env.command(PROGRAM, &["replay", "deliveries", "--json"]).await, @r#"0: {"operation":"replay","done":[],"skipped":[]}"#);
    env.end().await;
}

#[tokio::test]
async fn a_rejected_command_prints_the_reason() {
    let env = TestEnvironment::start(PROGRAM).await;
    let url = format!("{}/api", env.deployment.ports.functions.url);
    let wrong = env.command(PROGRAM, &["status", "--url", &url, "--key", "wrong"]).await;
    assert_snapshot!(wrong, @"1: ERROR failed to call Status: 401 Unauthorized: the key is not valid");
    let host = env.deployment.ports.functions.url.clone();
    let wrong_path = env.command(PROGRAM, &["status", "--url", &host]).await;
    assert_snapshot!(wrong_path, @"1: ERROR failed to call Status: 404 Not Found: no such function: the URL must end with /api");
    let functions = &env.deployment.functions.emulator;
    functions.set_client_address(Some("203.0.113.9".parse().expect("an address")));
    assert_snapshot!(env.command(PROGRAM, &["status"]).await, @"1: ERROR failed to call Status: 403 Forbidden: 203.0.113.9 is not in the ranges of setting OperatorRanges");
    env.end().await;
}

#[tokio::test]
async fn status_works_with_the_settings_of_a_deployment() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.json");
    let written = serde_json::json!({ "IsEncrypted": false, "Values": env.deployment.settings });
    std::fs::write(&file, written.to_string()).expect("a file");
    let file = file.to_str().expect("a path");
    let output = env.command(PROGRAM, &["status", "--settings", file]).await;
    let output = output.split_once("Z: ").map_or(output.as_str(), |(_, output)| output);
    let output = output.split("GitHub rate limit").next().unwrap_or_default();
    assert_snapshot!(output.trim_end(), @r"
    no jobs, 0 messages
    pool ubuntu: 4 of 4 nodes (4 idle); tasks: 0 pending, 0 running
    pool windows: 4 of 4 nodes (4 idle); tasks: 0 pending, 0 running
    ");
    env.end().await;
}
