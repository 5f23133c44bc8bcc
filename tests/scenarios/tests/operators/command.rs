//! `mayfly status` and `mayfly replay`, through real HTTP.

use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_person_is_told_where_jobs_stand_and_puts_one_back() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let waiting = world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.until_no_message().await;
    let told = world.command(PROGRAM, &["status"]).await;
    let (when, told) = told.split_once("Z: ").expect("a time");
    assert!(when.starts_with("0: 20"), "{when}");
    let told = told.split("GitHub's limit").next().unwrap_or_default();
    assert_snapshot!(told.trim_end(), @r"
    1 waiting-for-node, 0 messages
    job 1 of octo/app, 0 min: waiting-for-node gh-1: every node of pool ubuntu is taken: raise its maximum, or wait
    pool ubuntu: 4 of 4 nodes; tasks: 1 waiting, 0 started
    pool windows: 4 of 4 nodes; tasks: 0 waiting, 0 started
    ");
    let json = world.command(PROGRAM, &["status", "--json"]).await;
    assert!(json.starts_with(r#"0: {"at":""#), "{json}");
    let left = world.command(PROGRAM, &["replay", "job", "octo/app", &waiting.to_string()]).await;
    assert_snapshot!(left, @"1: job 1 is left: task gh-1 is for it: every node of pool ubuntu is taken: raise its maximum, or wait");
    assert_snapshot!(world.command(PROGRAM, &["replay", "poison"]).await, @"0: nothing to replay");
    assert_snapshot!(world.command(PROGRAM, &["replay", "deliveries", "--json"]).await, @r#"0: {"operation":"replay","done":[],"left":[]}"#);
    world.end().await;
}

#[tokio::test]
async fn who_is_refused_is_told_why() {
    let world = World::start(PROGRAM).await;
    let url = format!("{}/api", world.cloud.ports.functions.url);
    let wrong = world.command(PROGRAM, &["status", "--url", &url, "--key", "wrong"]).await;
    assert_snapshot!(wrong, @"1: ERROR failed to ask Status: 401 Unauthorized: the key is not one of its keys");
    let host = world.cloud.ports.functions.url.clone();
    let elsewhere = world.command(PROGRAM, &["status", "--url", &host]).await;
    assert_snapshot!(elsewhere, @"1: ERROR failed to ask Status: 404 Not Found: no such function: the address ends with /api");
    let functions = &world.cloud.functions.emulator;
    functions.calls_come_from(Some("203.0.113.9".parse().expect("an address")));
    assert_snapshot!(world.command(PROGRAM, &["status"]).await, @"1: ERROR failed to ask Status: 403 Forbidden: 203.0.113.9 is not in the ranges of setting OperatorRanges");
    world.end().await;
}

#[tokio::test]
async fn a_deployment_is_looked_at_with_its_settings_as_well() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.json");
    let written = serde_json::json!({ "IsEncrypted": false, "Values": world.cloud.settings });
    std::fs::write(&file, written.to_string()).expect("a file");
    let file = file.to_str().expect("a path");
    let told = world.command(PROGRAM, &["status", "--settings", file]).await;
    let told = told.split_once("Z: ").map_or(told.as_str(), |(_, told)| told);
    let told = told.split("GitHub's limit").next().unwrap_or_default();
    assert_snapshot!(told.trim_end(), @r"
    no jobs, 0 messages
    pool ubuntu: 4 of 4 nodes; tasks: 0 waiting, 0 started
    pool windows: 4 of 4 nodes; tasks: 0 waiting, 0 started
    ");
    world.end().await;
}
