//! The output of a task: while its node exists, and what is known of the task afterwards.

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use reqwest::Method;
use scenarios::TestEnvironment;
use serde_json::{Value, json};

use crate::{PROGRAM, UBUNTU};

/// Returns the status and the body of the response.
async fn logs(env: &TestEnvironment, task: &str) -> (u16, Value) {
    let request = json!({ "operation": "logs", "task": task });
    env.call_function(Method::POST, "Operate", Some(request)).await
}

/// Returns the summary without its time.
fn summary(body: &Value) -> String {
    let words = body["summary"].as_str().unwrap_or_default().split(' ');
    let words = words.map(|word| if word.starts_with("20") { "TIME" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_output_of_a_task_is_shown_while_its_node_exists() {
    let mut env = crate::start(&[]).await;
    let job = env.queue_job(UBUNTU);
    let task = format!("gh-{job}");
    env.settle().await;
    let (status, body) = logs(&env, &task).await;
    assert_eq!(status, 200, "{body}");
    let names: Vec<&str> = body["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|file| file["name"].as_str())
        .collect();
    assert_eq!(names, ["stdout.txt", "stderr.txt"]);
    let stdout = body["files"][0]["text"].as_str().expect("a text").to_owned();
    assert!(stdout.contains("Listening for Jobs"), "{stdout}");
    // Neither the ticket nor the configuration of the runner is in the output.
    let shown = body.to_string();
    let secrets = ["RUNNER_CLAIM_TICKET", "encoded_jit_config", "jitconfig", "eyJ"];
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    assert_snapshot!(summary(&body).replace(&task, "gh-1"), @"task gh-1 ended at TIME with exit code 0: the runner served a job, or no job needed the runner");
    let printed = env.command(PROGRAM, &["logs", &task]).await;
    assert!(printed.starts_with("0: --- stdout.txt\n"), "{printed}");
    let node = env.deployment.batch.emulator.tasks("runners-ubuntu")[0].node.clone();
    let node = node.expect("a node");
    env.change_batch("pools/ubuntu/removenodes", json!({ "nodeList": [node] })).await;
    let is_gone = |env: &TestEnvironment| {
        env.deployment.batch.emulator.nodes("ubuntu").iter().all(|other| other.id != node)
    };
    env.until_true("the node's end", is_gone).await;
    let (_, body) = logs(&env, &task).await;
    assert_eq!(body["files"], json!([]));
    assert_snapshot!(summary(&body).replace(&task, "gh-1"), @"task gh-1 ended at TIME with exit code 0: the runner served a job, or no job needed the runner. Its node is gone, and with it the output");
    env.end().await;
}

#[tokio::test]
async fn a_task_without_output_says_why() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    let (_, body) = logs(&env, &format!("gh-{job}")).await;
    let mut texts = vec![summary(&body).replace(&job.to_string(), "1")];
    for task in ["gh-7", "other-7", "gh-07", "../x"] {
        let (status, body) = logs(&env, task).await;
        texts.push(format!("{status} {}", body["error"].as_str().unwrap_or_default()));
    }
    let down = Effect::Fail { status: 503, retry_after: None };
    env.deployment.batch.faults.inject("ListJobs", 1000, down);
    let (status, body) = logs(&env, &format!("gh-{job}")).await;
    texts.push(format!("{status} {}", body["error"].as_str().unwrap_or_default()));
    env.deployment.batch.faults.release();
    assert_snapshot!(texts.join("\n"), @r#"
    task gh-1 waits for a node, and has no output
    404 nothing is known of task gh-7: Batch has no such task, and the history of the last month no record of it
    404 nothing is known of task other-7: Batch has no such task, and the history of the last month no record of it
    404 nothing is known of task gh-07: Batch has no such task, and the history of the last month no record of it
    400 "../x" is no name of a task, such as gh-123
    503 look the task up: listing the Batch jobs failed: Batch is unavailable (503 ServerBusy)
    "#);
    env.end().await;
}

#[tokio::test]
async fn the_history_explains_a_task_that_batch_has_deleted() {
    let mut env = crate::start(&[]).await;
    let job = env.queue_job(UBUNTU);
    let task = format!("gh-{job}");
    env.settle().await;
    env.reconcile().await;
    env.delete_from_batch(&format!("jobs/runners-ubuntu/tasks/{task}")).await;
    let (status, body) = logs(&env, &task).await;
    assert_eq!((status, &body["files"]), (200, &json!([])), "{body}");
    assert_snapshot!(summary(&body).replace(&task, "gh-1"), @"task gh-1 ended at TIME with exit code 0: the runner served a job, or no job needed the runner. Batch has deleted the task, and with it the output");
    env.end().await;
}
