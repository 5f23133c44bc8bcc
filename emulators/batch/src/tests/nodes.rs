use std::time::Duration;

use serde_json::{Value, json};

use super::fake_task::FakeTasks;
use super::world::World;
use crate::{Loss, NotFound};

async fn start_time(world: &World, task: &str) -> Value {
    world.task(task).await["executionInfo"]["startTime"].clone()
}

#[tokio::test]
async fn a_preempted_nodes_task_runs_again_with_a_new_start_time() {
    let mut world = World::start(FakeTasks::default(), 1).await;
    world.add_runner("t1").await;
    world.until_started("t1").await;
    let (first, node) = (start_time(&world, "t1").await, world.batch.nodes("ubuntu")[0].id.clone());
    world.batch.lose_node(&node, Loss::Preempted).unwrap();
    world.until_started("t1").await;
    assert_ne!(start_time(&world, "t1").await, first);
    let again = world.task("t1").await;
    assert_eq!(again["nodeInfo"]["nodeId"], node);
    assert_eq!(again["executionInfo"]["requeueCount"], 0);
    assert_eq!(again["executionInfo"]["retryCount"], 0);
    assert_eq!(world.batch.lose_node("tvm-ubuntu-2", Loss::Died), Err(NotFound));
}

#[tokio::test]
async fn a_failed_node_boots_again_with_its_id() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks.clone(), 1).await;
    world.add_runner("t1").await;
    world.until_started("t1").await;
    let first = start_time(&world, "t1").await;
    world.batch.lose_node("tvm-ubuntu-1", Loss::Died).unwrap();
    world.until_started("t1").await;
    assert_ne!(start_time(&world, "t1").await, first);
    assert_eq!(world.task("t1").await["nodeInfo"]["nodeId"], "tvm-ubuntu-1");
    fake_tasks.end("t1", 0);
    assert_eq!(world.until_ended("t1").await, 0);
}

#[tokio::test]
async fn tasks_wait_while_scheduling_is_held() {
    let mut world = World::start(FakeTasks::default(), 2).await;
    let held = world.control("/pools/hold", r#"{"pool":"ubuntu"}"#).await;
    assert_eq!(held.status, 200);
    world.add_runner("t1").await;
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(world.task("t1").await["state"], "active");
    world.batch.release_scheduling("ubuntu").unwrap();
    world.until_started("t1").await;
    assert_eq!(world.batch.hold_scheduling("none"), Err(NotFound));
}

#[tokio::test]
async fn a_shrinking_pool_requeues_the_tasks_of_removed_nodes() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks.clone(), 0).await;
    world.add_runner("t1").await;
    world.add_runner("t2").await;
    world.batch.resize("ubuntu", 2).unwrap();
    world.until_started("t2").await;
    world.batch.resize("ubuntu", 1).unwrap();
    assert_eq!(world.batch.nodes("ubuntu").len(), 1);
    let requeued = world.task("t2").await;
    assert_eq!(requeued["executionInfo"]["requeueCount"], 1);
    fake_tasks.end("t1", 0);
    world.until_started("t2").await;
}

#[tokio::test]
async fn the_control_port_rejects_invalid_requests() {
    let world = World::start(FakeTasks::default(), 1).await;
    let cases = [
        ("/nodes/lose", r#"{"node":"tvm-ubuntu-1","loss":"preempted"}"#, 200),
        ("/nodes/lose", r#"{"node":"tvm-ubuntu-1","loss":"died"}"#, 200),
        ("/nodes/lose", r#"{"node":"tvm-ubuntu-2","loss":"died"}"#, 404),
        ("/nodes/lose", r#"{"node":"tvm-ubuntu-2","loss":"sold"}"#, 400),
        ("/pools/resize", r#"{"pool":"ubuntu","nodes":3}"#, 200),
        ("/pools/release", r#"{"pool":"other"}"#, 404),
        ("/pools/drain", "{}", 404),
    ];
    for (path, body, expected) in cases {
        let answer = world.control(path, body).await;
        assert_eq!(answer.status, expected, "{path} {body}: {}", answer.body);
    }
    assert_eq!(world.batch.nodes("ubuntu").len(), 3);
}

#[tokio::test]
async fn a_failure_is_retried_as_often_as_the_task_allows() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks.clone(), 1).await;
    let limits = json!({ "maxTaskRetryCount": 1 });
    let container = json!({ "imageName": "runner" });
    let task = json!({ "id": "t1", "commandLine": "", "containerSettings": container, "constraints": limits });
    world.add(task).await;
    world.until_started("t1").await;
    fake_tasks.end("t1", 3);
    assert_eq!(world.until_ended("t1").await, 3);
    world.until_started("t1").await;
    let retried = world.task("t1").await["executionInfo"].clone();
    assert_eq!(retried["retryCount"], 1);
    assert_eq!(retried["lastRetryTime"], retried["startTime"]);
    fake_tasks.end("t1", 4);
    assert_eq!(world.until_ended("t1").await, 4);
    let failed = world.task("t1").await;
    assert_eq!(
        (&failed["state"], &failed["executionInfo"]["exitCode"]),
        (&json!("completed"), &json!(4))
    );
}
