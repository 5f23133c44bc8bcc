//! Profiles with `nodePerJob`: a node runs one job, and is then replaced.

use azure_batch_emulator::Loss;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::UBUNTU;

const PROFILES: &str = r#"[{"name":"ubuntu","labels":["self-hosted","linux","x64","ubuntu-latest"],
    "pool":"ubuntu","image":"r:1","nodePerJob":true}]"#;
const DISABLE: &str = "DisableNodeScheduling";

/// Starts an environment with one node, whose pool's profile has `nodePerJob`.
async fn start() -> TestEnvironment {
    TestEnvironment::with(crate::PROGRAM, |options| {
        options.nodes = 1;
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        options.settings.insert("RunnerProfiles".to_owned(), PROFILES.to_owned());
    })
    .await
}

/// Lists the tasks with their nodes, and the nodes with their states.
fn nodes(env: &TestEnvironment) -> String {
    let batch = &env.deployment.batch.emulator;
    let tasks = batch.tasks("runners-ubuntu").into_iter().enumerate().map(|(index, task)| {
        format!("task {} on {}", index + 1, task.node.as_deref().unwrap_or("no node"))
    });
    let nodes = batch.nodes("ubuntu").into_iter().map(|node| format!("{} {}", node.id, node.state));
    tasks.chain(nodes).collect::<Vec<_>>().join("\n")
}

async fn queue_and_submit(env: &mut TestEnvironment) {
    let job = env.queue_job(UBUNTU);
    env.until_task_is_added(&format!("gh-{job}")).await;
    env.until_no_message().await;
}

/// Waits until the first node is removed.
async fn until_removed(env: &TestEnvironment) {
    env.until_true("the removal", |env| !nodes(env).contains("tvm-ubuntu-1 ")).await;
}

fn assert_each_job_had_a_node(env: &TestEnvironment) {
    assert_snapshot!(nodes(env), @r"
    task 1 on tvm-ubuntu-1
    task 2 on tvm-ubuntu-2
    tvm-ubuntu-2 offline
    ");
}

#[tokio::test]
async fn a_node_runs_one_job_and_is_replaced() {
    let mut env = start().await;
    env.queue_job(UBUNTU);
    env.settle().await;
    queue_and_submit(&mut env).await;
    assert_snapshot!(nodes(&env), @r"
    task 1 on tvm-ubuntu-1
    task 2 on no node
    tvm-ubuntu-1 offline
    ");
    assert_snapshot!(env.reconcile().await, @r"
    nodes tvm-ubuntu-1 of pool ubuntu removed after their jobs
    1 repairs done
    ");
    until_removed(&env).await;
    assert_snapshot!(env.reconcile().await, @r"
    pool ubuntu has 1 dedicated and 0 spot nodes again
    1 repairs done
    ");
    env.settle().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    assert_each_job_had_a_node(&env);
    env.end().await;
}

#[tokio::test]
async fn automatic_scaling_is_disabled_only_while_nodes_are_removed() {
    let mut env = start().await;
    let formula = "$TargetDedicatedNodes = 1; $NodeDeallocationOption = taskcompletion;";
    let scaled = json!({ "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M" });
    env.change_batch("pools/ubuntu/enableautoscale", scaled).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @r"
    nodes tvm-ubuntu-1 of pool ubuntu removed after their jobs
    1 repairs done
    ");
    until_removed(&env).await;
    assert_eq!(env.deployment.batch.emulator.pools()[0].results, None, "scaling is disabled");
    // Batch accepts one call in 30 seconds.
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    automatic scaling of pool ubuntu enabled again
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    queue_and_submit(&mut env).await;
    env.advance_minutes(6);
    env.settle().await;
    assert_each_job_had_a_node(&env);
    env.end().await;
}

#[tokio::test]
async fn a_run_that_is_cut_off_is_continued_by_the_next() {
    let mut env = start().await;
    env.queue_job(UBUNTU);
    env.settle().await;
    // The response is lost: the nodes are removed, and the run does not know it.
    env.deployment.batch.faults.inject("RemoveNodes", 1, Effect::DropResponse);
    assert_snapshot!(env.reconcile().await, @"0 repairs done, 1 failed, 0 postponed");
    until_removed(&env).await;
    env.deployment.batch.faults.inject("ResizePool", 1, Effect::DropResponse);
    assert_snapshot!(env.reconcile().await, @"0 repairs done, 1 failed, 0 postponed");
    env.until_true("another node", |env| nodes(env).contains("tvm-ubuntu-2 idle")).await;
    assert_snapshot!(env.reconcile().await, @r"
    pool ubuntu has 1 dedicated and 0 spot nodes again
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_claim_whose_answer_of_batch_was_lost_is_repeated() {
    let mut env = start().await;
    env.deployment.batch.faults.inject(DISABLE, 1, Effect::DropResponse);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_eq!(env.deployment.batch.faults.calls_of(DISABLE), 2);
    env.end().await;
}

#[tokio::test]
async fn without_the_role_no_runner_starts_and_one_alert_says_so() {
    let mut env = start().await;
    let forbidden = Effect::Fail { status: 403, retry_after: None };
    env.deployment.batch.faults.inject(DISABLE, 3, forbidden);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    let log = env.log();
    let alerts: Vec<_> = log.lines().filter(|line| line.contains("alarm=\"pool\"")).collect();
    let [alert] = &alerts[..] else { panic!("{} alerts:\n{log}", alerts.len()) };
    let text = alert.split_once("node: ").and_then(|(_, text)| text.split(" alarm").next());
    assert_snapshot!(text.unwrap_or_default(), @"keeping further tasks from a node failed with 403 AuthenticationFailed: profiles with nodePerJob, and WakePools, need the role that the template parameters nodePerJobRole and wakePools assign; claims of its runners are answered 503 meanwhile");
    env.end().await;
}

#[tokio::test]
async fn a_node_that_boots_again_gets_no_second_job() {
    let mut env = start().await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.deployment.batch.emulator.lose_node("tvm-ubuntu-1", Loss::Died).expect("the node");
    queue_and_submit(&mut env).await;
    env.until_true("the boot", |env| nodes(env).contains("tvm-ubuntu-1 offline")).await;
    env.reconcile().await;
    until_removed(&env).await;
    env.reconcile().await;
    env.settle().await;
    assert_each_job_had_a_node(&env);
    env.end().await;
}
