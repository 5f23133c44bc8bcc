//! Alerts for jobs that cannot be served and for outdated runners.

use chrono::TimeDelta;
use github_runner_emulator::VERSION;
use insta::assert_snapshot;
use serde_json::json;

use crate::UBUNTU;

const GPU: &[&str] = &["self-hosted", "gpu"];

#[tokio::test]
async fn a_job_without_a_profile_raises_an_alert_after_30_min() {
    let mut env = crate::start(&[]).await;
    env.queue_job(GPU);
    env.queue_job(UBUNTU);
    env.until_true("the other task's end", |env| env.tasks().contains("completed 0")).await;
    env.advance_minutes(30);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("waiting").await, @r#"job 1 of octo/app has waited too long: no profile in setting RunnerProfiles has its label "gpu""#);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_run_of_an_unservable_job_is_cancelled_if_configured() {
    let mut env = crate::start(&[("CancelUnservable", "true"), ("NoCapacityMinutes", "5")]).await;
    env.queue_job(GPU);
    // GitHub gives up a delivery that has not been answered when the clock advances.
    env.until_delivered(200).await;
    env.advance_minutes(5);
    let logged = env.reconcile().await;
    let run = logged.split_whitespace().nth(1).unwrap_or("?").to_owned();
    assert_snapshot!(logged.replace(&run, "RUN"), @r#"
    run RUN of octo/app cancelled: job 1 cannot be served: no profile in setting RunnerProfiles has its label "gpu"
    1 repairs done
    "#);
    assert_snapshot!(env.jobs(), @"<1> cancelled on no runner");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_alert_of_a_job_states_that_it_waits_for_a_node() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.advance_minutes(30);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("waiting").await, @"job 1 of octo/app has waited too long: all nodes of pool ubuntu are in use: raise its maximum, or wait");
    env.end().await;
}

#[tokio::test]
async fn an_outdated_runner_version_raises_an_alert() {
    let mut env = crate::start(&[]).await;
    let github = &env.deployment.github.emulator;
    github.pause_assignment(true);
    let now = env.deployment.context.clock.now();
    github.add_runner_release(VERSION, now - TimeDelta::days(40));
    github.add_runner_release("3.0.0", now - TimeDelta::days(20));
    env.queue_job(UBUNTU);
    let is_online = |env: &scenarios::TestEnvironment| {
        env.deployment.github.emulator.runners().iter().any(|runner| runner.online)
    };
    env.until_true("an online runner", is_online).await;
    // Runners are listed in the scopes of the tasks of the previous run.
    env.reconcile_after(2).await;
    let alarm = env.alarm("runner-version").await;
    let start = alarm.split(" since ").next().unwrap_or_default();
    assert_eq!(start, format!("runner version {VERSION} has been outdated"));
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.deployment.github.emulator.pause_assignment(false);
    env.settle().await;
    env.end().await;
}

#[tokio::test]
async fn a_refused_token_raises_one_alert() {
    let mut env = crate::start(&[("GithubToken", "ghp_expired")]).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("credential").await, @"GitHub refused the token (401): listing the repositories of the token failed with 401 Unauthorized: check the token of setting GithubToken, or the id and the key of the GitHub App: it is wrong, has expired, or was revoked");
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.log().matches("alarm=\"credential\"").count(), 1, "{}", env.log());
    env.end().await;
}

/// A pool of another team may have any number of slots.
#[tokio::test]
async fn a_docker_profile_on_a_pool_with_two_slots_raises_an_alert() {
    let profile = |name: &str, docker: bool| json!({ "name": name, "labels": ["self-hosted", name], "pool": name, "image": "runner:1", "docker": docker });
    let profiles =
        json!([profile("crowded", true), profile("single", true), profile("other", false)]);
    let mut env = crate::start(&[("RunnerProfiles", &profiles.to_string())]).await;
    for (pool, slots) in [("crowded", 2), ("single", 1), ("other", 2)] {
        let image = json!({ "publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest" });
        let machine =
            json!({ "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04" });
        let spec = json!({ "id": pool, "vmSize": "STANDARD_D2S_V3", "virtualMachineConfiguration": machine, "taskSlotsPerNode": slots });
        env.change_batch("pools", spec).await;
    }
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("settings").await, @"profile crowded has docker, and its pool crowded runs 2 of its jobs on a node at the same time, which could reach each other: use a pool with one task slot a node");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.log().matches("alarm=\"settings\"").count(), 1);
    env.end().await;
}
