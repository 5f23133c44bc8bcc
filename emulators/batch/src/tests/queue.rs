//! The order in which tasks start, on the state alone and with many tasks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::fake_task::ImmediateSuccess;
use super::http_client::{ACCOUNT, KEY};
use crate::dto;
use crate::launch::RunOutcome;
use crate::state::{Effect, RunId, State};
use crate::{Batch, Options, PoolOptions, Rules};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::Service;

const NOON: DateTime<Utc> = DateTime::from_timestamp(1_795_262_400, 0).unwrap();

fn account(nodes: usize, slots: u32) -> State {
    let mut state = State::new(Rules::default(), None, 0);
    state.add_fixed_pool(dto::NewPool::fixed("p", "p", slots, true), NOON);
    state.resize("p", nodes, NOON).unwrap();
    state
}

fn add_job(state: &mut State, id: &str, more: serde_json::Value) {
    let mut job = json!({ "id": id, "poolInfo": { "poolId": "p" } });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state.add_job(dto::read(job).unwrap(), NOON).unwrap();
}

fn add_task(state: &mut State, job: &str, id: &str, slots: u32) {
    let task = json!({ "id": id, "commandLine": "x", "requiredSlots": slots });
    state.add_task(job, dto::read(task).unwrap(), NOON).unwrap();
}

/// Starts every task that can start, and returns each with its node.
fn started(state: &mut State) -> Vec<(RunId, String)> {
    state.schedule(NOON);
    let starts = state.take_effects().into_iter().filter_map(|effect| match effect {
        Effect::Start(start) => {
            let location = start.location;
            Some((location.run, format!("{} on {}", location.task, location.node)))
        }
        _ => None,
    });
    starts.collect()
}

fn names(started: &[(RunId, String)]) -> Vec<&str> {
    started.iter().map(|(_, name)| name.as_str()).collect()
}

#[test]
fn higher_priorities_start_first_then_older_tasks() {
    let mut state = account(1, 5);
    add_job(&mut state, "low", json!({ "priority": -1 }));
    add_job(&mut state, "a", json!({}));
    add_job(&mut state, "b", json!({}));
    add_job(&mut state, "high", json!({ "priority": 1 }));
    for (job, task) in [("low", "t1"), ("b", "t2"), ("a", "t3"), ("b", "t4"), ("high", "t5")] {
        add_task(&mut state, job, task, 1);
    }
    let started = started(&mut state);
    assert_eq!(
        names(&started),
        ["t5 on tvm-p-1", "t2 on tvm-p-1", "t3 on tvm-p-1", "t4 on tvm-p-1", "t1 on tvm-p-1"]
    );
}

#[test]
fn tasks_spread_over_the_nodes_and_take_their_slots() {
    let mut state = account(2, 3);
    add_job(&mut state, "j", json!({}));
    for (task, slots) in [("t1", 1), ("t2", 1), ("t3", 2), ("t4", 2), ("t5", 1)] {
        add_task(&mut state, "j", task, slots);
    }
    let started = started(&mut state);
    assert_eq!(
        names(&started),
        ["t1 on tvm-p-1", "t2 on tvm-p-2", "t3 on tvm-p-1", "t4 on tvm-p-2"]
    );
}

#[test]
fn a_task_larger_than_any_node_delays_only_its_own_job() {
    let mut state = account(1, 2);
    add_job(&mut state, "a", json!({}));
    add_job(&mut state, "b", json!({}));
    add_task(&mut state, "a", "huge", 3);
    add_task(&mut state, "a", "behind", 1);
    add_task(&mut state, "b", "other", 1);
    let started = started(&mut state);
    assert_eq!(names(&started), ["other on tvm-p-1"]);
}

#[test]
fn a_job_may_limit_its_concurrent_tasks() {
    let mut state = account(1, 5);
    add_job(&mut state, "j", json!({ "maxParallelTasks": 1 }));
    add_task(&mut state, "j", "t1", 1);
    add_task(&mut state, "j", "t2", 1);
    let first = started(&mut state);
    assert_eq!(names(&first), ["t1 on tvm-p-1"]);
    state.run_ended(first[0].0, &RunOutcome::Exited(0), NOON + TimeDelta::seconds(1));
    assert_eq!(names(&started(&mut state)), ["t2 on tvm-p-1"]);
}

#[test]
fn a_requeued_task_waits_for_the_end_of_its_last_run() {
    let mut state = account(2, 1);
    add_job(&mut state, "j", json!({}));
    add_task(&mut state, "j", "t1", 1);
    let first = started(&mut state);
    state.lose_node("tvm-p-1", crate::Loss::Preempted, NOON).unwrap();
    assert_eq!(names(&started(&mut state)), [""; 0]);
    let finished = state.run_ended(first[0].0, &RunOutcome::Exited(-9), NOON).unwrap();
    assert!(!finished.counts);
    assert_eq!(names(&started(&mut state)), ["t1 on tvm-p-1"]);
}

#[tokio::test(start_paused = true)]
async fn five_thousand_tasks_are_added_and_drained_without_a_socket() {
    let context = EventContext::new(Clock::starting_at(NOON));
    let mut options =
        Options::new(ACCOUNT, KEY, std::sync::Arc::new(ImmediateSuccess), "unused".into());
    options.bearer = Some("t".to_owned());
    let (id, display) = ("p".to_owned(), "p".to_owned());
    options.pools = vec![PoolOptions { id, nodes: 50, slots: 4, containers: false, display }];
    let batch = Batch::new(options, context).unwrap();
    let service = Service::new(batch.clone());
    let post = async |path: &str, body: serde_json::Value| {
        let request = http::Request::post(format!("{path}?api-version=2025-06-01"));
        let request = request.header("authorization", "Bearer t");
        let request = request.header("content-type", "application/json; odata=minimalmetadata");
        service.call(request.body(body.to_string().into()).unwrap()).await.unwrap()
    };
    post("/jobs", json!({ "id": "j", "poolInfo": { "poolId": "p" } })).await;
    for hundred in 0..50 {
        let tasks: Vec<_> = (0..100)
            .map(|n| json!({ "id": format!("t{}", hundred * 100 + n), "commandLine": "" }))
            .collect();
        let answer = post("/jobs/j/addtaskcollection", json!({ "value": tasks })).await;
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(batch.jobs()[0].active, 5_000);
    let drained = async {
        while batch.jobs()[0].succeeded < 5_000 {
            tokio::task::yield_now().await
        }
    };
    tokio::select! {
        () = batch.run() => unreachable!("the account is not shut down"),
        () = drained => {}
    }
}

#[test]
fn a_pool_may_take_the_oldest_job_first() {
    for (order, expected) in [("none", ["t1", "t2"]), ("creationtime", ["t2", "t1"])] {
        let mut spec = dto::NewPool::fixed("p", "p", 2, true);
        let policy = json!({ "nodeFillType": "pack", "jobDefaultOrder": order });
        spec.task_scheduling_policy = Some(dto::read(policy).unwrap());
        let mut state = State::new(Rules::default(), None, 0);
        add_job(&mut state, "old", json!({}));
        add_job(&mut state, "new", json!({}));
        add_task(&mut state, "new", "t1", 1);
        add_task(&mut state, "old", "t2", 1);
        // The order applies to jobs that are older than the pool too.
        state.add_fixed_pool(spec, NOON);
        state.resize("p", 1, NOON).unwrap();
        let started = started(&mut state);
        let tasks: Vec<_> = names(&started).iter().map(|name| &name[..2]).collect();
        assert_eq!(tasks, expected);
    }
}
