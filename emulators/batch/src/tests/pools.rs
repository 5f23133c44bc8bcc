use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::account::Account;
use crate::{Loss, Quota, ResizeErrorCode};

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn a_pool_allocates_and_boots_nodes_and_runs_active_tasks() {
    let account = Account::new();
    account.add_tasks(3).await;
    assert_eq!(account.add_pool(json!({ "targetDedicatedNodes": 2 })).await, "201");
    assert_eq!(account.post("/pools", Value::Null).await, "400 InvalidRequestBody");
    assert_snapshot!(account.pool(), @"resizing to 2+0");
    account.pass(minutes(1));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 creating");
    account.pass(minutes(1));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 starting");
    assert_eq!(account.tasks(), [3, 0, 0, 0]);
    account.pass(minutes(3));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 running");
    assert_eq!(account.tasks(), [1, 2, 0, 0]);
    account.pass(minutes(20));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 idle");
    assert_eq!(account.tasks(), [0, 0, 3, 0]);
    // The third task started when the first ended, not at the request.
    let third = account.get("/jobs/j/tasks/t3").await;
    assert_eq!(third["executionInfo"]["startTime"], "2026-11-21T12:15:00.0000001Z");
}

#[tokio::test]
async fn a_pool_in_a_resize_is_not_resized_again() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    let resize = json!({ "targetDedicatedNodes": 2 });
    let scale = json!({ "autoScaleFormula": "$TargetDedicatedNodes=1" });
    let remove = json!({ "nodeList": ["tvm-p-1"] });
    assert_eq!(account.post("/pools/p/resize", resize.clone()).await, "409 PoolBeingResized");
    assert_eq!(account.post("/pools/p/enableautoscale", scale).await, "409 PoolBeingResized");
    account.pass(minutes(5));
    assert_eq!(
        account.post("/pools/p/stopresize", Value::Null).await,
        "409 OperationInvalidForCurrentState"
    );
    assert_eq!(account.post("/pools/p/resize", resize).await, "202");
    assert_eq!(account.post("/pools/p/removenodes", remove.clone()).await, "409 PoolBeingResized");
    assert_eq!(account.post("/pools/p/stopresize", Value::Null).await, "202");
    assert_snapshot!(account.pool(), @"steady to 2+0, 1 idle, ResizeStopped");
    assert_eq!(account.post("/pools/p/removenodes", remove).await, "202");
    account.pass(minutes(1));
    // The nodes missing from the remaining target are requested too.
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 creating");
}

#[tokio::test]
async fn an_account_gets_no_more_cores_than_its_quota() {
    let quota = Quota { dedicated_cores: 5, low_priority_cores: 2, pools: 1, active_jobs: 1 };
    let account = Account::with(|options| options.rules.quota = quota);
    account.add_pool(json!({ "targetDedicatedNodes": 3, "targetLowPriorityNodes": 2 })).await;
    account.pass(minutes(1));
    assert_snapshot!(account.pool(), @"steady to 3+2, 3 creating, AccountCoreQuotaReached, AccountSpotCoreQuotaReached");
    assert_eq!(
        account.add_pool(json!({ "id": "q", "targetDedicatedNodes": 0 })).await,
        "409 PoolQuotaReached"
    );
    account.add_tasks(0).await;
    let second = json!({ "id": "k", "poolInfo": { "poolId": "p" } });
    assert_eq!(account.post("/jobs", second.clone()).await, "409 ActiveJobAndScheduleQuotaReached");
    account.post("/jobs/j/terminate", Value::Null).await;
    assert_eq!(account.post("/jobs", second).await, "201");
}

#[tokio::test]
async fn a_resize_without_available_machines_times_out() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    account.batch().freeze_allocation("p").unwrap();
    let resize = json!({ "targetDedicatedNodes": 2, "resizeTimeout": "PT5M" });
    assert_eq!(account.post("/pools/p/resize", resize.clone()).await, "202");
    account.pass(minutes(4));
    assert_snapshot!(account.pool(), @"resizing to 2+0");
    account.pass(minutes(1));
    assert_snapshot!(account.pool(), @"steady to 2+0, AllocationTimedout");
    account.batch().thaw_allocation("p").unwrap();
    account.batch().fail_allocation("p", ResizeErrorCode::AllocationFailed).unwrap();
    account.post("/pools/p/resize", resize.clone()).await;
    assert_snapshot!(account.pool(), @"steady to 2+0, AllocationFailed");
    account.post("/pools/p/resize", resize).await;
    account.pass(minutes(5));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 idle");
}

#[tokio::test]
async fn a_preempted_spot_node_is_listed_until_it_is_replaced() {
    let account = Account::new();
    account.add_tasks(2).await;
    account.add_pool(json!({ "targetDedicatedNodes": 1, "targetLowPriorityNodes": 1 })).await;
    account.pass(minutes(6));
    assert_eq!(account.tasks(), [0, 2, 0, 0]);
    account.batch().freeze_allocation("p").unwrap();
    assert_eq!(account.batch().preempt("p", 9), Ok(1));
    account.pass(minutes(60));
    // The preempted node's task ran on the other node, which was free first.
    assert_snapshot!(account.pool(), @"steady to 1+1, 1 idle, 1 preempted");
    assert_eq!(account.tasks(), [0, 0, 2, 0]);
    account.batch().thaw_allocation("p").unwrap();
    account.pass(minutes(5));
    assert_snapshot!(account.pool(), @"steady to 1+1, 2 idle");
    let counts = account.get("/nodecounts").await["value"][0].clone();
    assert_eq!(counts["dedicated"]["total"], 1);
    assert_eq!(counts["lowPriority"]["idle"], 1);
}

/// Removes two busy nodes of a pool, and describes nodes and tasks over an hour.
async fn shrink(how: &str) -> String {
    let account = Account::new();
    account.add_tasks(2).await;
    account.add_pool(json!({ "targetDedicatedNodes": 2 })).await;
    account.pass(minutes(6));
    let resize = json!({ "targetDedicatedNodes": 0, "nodeDeallocationOption": how });
    assert_eq!(account.post("/pools/p/resize", resize).await, "202");
    let mut steps = Vec::new();
    for wait in [0, 1, 9, 60] {
        account.pass(minutes(wait));
        steps.push(format!("{}: {:?}", account.pool(), account.tasks()));
    }
    steps.join("\n")
}

#[tokio::test]
async fn a_removed_nodes_tasks_are_handled_as_requested() {
    assert_snapshot!(shrink("requeue").await, @"
    resizing to 0+0, 2 leavingpool: [2, 0, 0, 0]
    steady to 0+0: [2, 0, 0, 0]
    steady to 0+0: [2, 0, 0, 0]
    steady to 0+0: [2, 0, 0, 0]
    ");
    assert_snapshot!(shrink("terminate").await, @"
    resizing to 0+0, 2 leavingpool: [0, 0, 0, 2]
    steady to 0+0: [0, 0, 0, 2]
    steady to 0+0: [0, 0, 0, 2]
    steady to 0+0: [0, 0, 0, 2]
    ");
    assert_snapshot!(shrink("taskcompletion").await, @"
    resizing to 0+0, 2 leavingpool: [0, 2, 0, 0]
    resizing to 0+0, 2 leavingpool: [0, 2, 0, 0]
    steady to 0+0: [0, 0, 2, 0]
    steady to 0+0: [0, 0, 2, 0]
    ");
    assert_snapshot!(shrink("retaineddata").await, @"
    resizing to 0+0, 2 leavingpool: [0, 2, 0, 0]
    resizing to 0+0, 2 leavingpool: [0, 2, 0, 0]
    resizing to 0+0, 2 leavingpool: [0, 0, 2, 0]
    resizing to 0+0, 2 leavingpool: [0, 0, 2, 0]
    ");
}

#[tokio::test]
async fn a_deleted_pools_tasks_become_active_again() {
    let account = Account::new();
    account.add_tasks(1).await;
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.pass(minutes(6));
    assert_eq!(account.call("DELETE", "/pools/p", Value::Null).await.0, "202");
    assert_eq!(account.get("/pools/p").await["state"], "deleting");
    assert_eq!(account.call("DELETE", "/pools/P", Value::Null).await.0, "409 PoolBeingDeleted");
    let again = json!({ "targetDedicatedNodes": 1 });
    assert_eq!(account.add_pool(again.clone()).await, "409 PoolBeingDeleted");
    account.pass(minutes(1));
    assert_eq!((account.pool().as_str(), account.tasks()), ("absent", [1, 0, 0, 0]));
    account.add_pool(again).await;
    account.pass(minutes(20));
    assert_eq!(account.tasks(), [0, 0, 1, 0]);
}

#[tokio::test]
async fn a_node_takes_no_task_before_its_start_task_has_succeeded() {
    let account = Account::new();
    account.add_tasks(1).await;
    let setting = |name: &str, value: &str| json!({ "name": name, "value": value });
    let task = |seconds: &str, code: &str| {
        json!({
            "commandLine": "prepare",
            "environmentSettings": [setting("SECONDS", seconds), setting("EXIT_CODE", code)],
            "maxTaskRetryCount": 1,
        })
    };
    account.add_pool(json!({ "targetDedicatedNodes": 1, "startTask": task("120", "3") })).await;
    account.pass(minutes(6));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 waitingforstarttask");
    account.pass(minutes(4));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 starttaskfailed");
    let info = account.get("/pools/p/nodes/tvm-p-1").await["startTaskInfo"].clone();
    assert_eq!((&info["exitCode"], &info["retryCount"]), (&json!(3), &json!(1)));
    // A new start task applies to nodes that boot from now on.
    let patch = json!({ "startTask": task("60", "0") });
    assert_eq!(account.call("PATCH", "/pools/p", patch).await.0, "200");
    account.batch().lose_node("tvm-p-1", Loss::Died).unwrap();
    account.pass(minutes(6));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 running");
}

#[tokio::test]
async fn a_pool_packs_its_tasks_if_its_policy_says_so() {
    let account = Account::new();
    let policy = json!({ "nodeFillType": "pack" });
    account.add_pool(json!({ "targetDedicatedNodes": 2, "taskSlotsPerNode": 3, "taskSchedulingPolicy": policy })).await;
    account.pass(minutes(6));
    account.add_tasks(4).await;
    account.batch().settle();
    let used: Vec<_> = account.batch().nodes("p").iter().map(|node| node.running).collect();
    assert_eq!(used, [3, 1]);
}

#[tokio::test]
async fn an_invalid_pool_is_rejected_and_the_property_named() {
    let account = Account::new();
    let cases = [
        (json!({ "targetDedicatedNodes": -1 }), "400 InvalidPropertyValue: targetDedicatedNodes"),
        (json!({ "targetDedicatedNodes": 1, "id": "a b" }), "400 InvalidPropertyValue: id"),
        (
            json!({ "targetDedicatedNodes": 1, "taskSlotsPerNode": 9 }),
            "400 InvalidPropertyValue: taskSlotsPerNode",
        ),
        (
            json!({ "targetDedicatedNodes": 1, "resizeTimeout": "PT1M" }),
            "400 InvalidPropertyValue: resizeTimeout",
        ),
        (
            json!({ "targetDedicatedNodes": 1, "virtualMachineConfiguration": null }),
            "400 MissingRequiredProperty: virtualMachineConfiguration",
        ),
        (
            json!({ "targetDedicatedNodes": 1, "targetNodeCommunicationMode": "classic" }),
            "400 UnsupportedProperty: targetNodeCommunicationMode",
        ),
        (
            json!({ "targetDedicatedNodes": 1, "taskSchedulingPolicy": { "nodeFillType": "fill" } }),
            "400 InvalidPropertyValue: taskSchedulingPolicy.nodeFillType",
        ),
        (json!({ "targetDedicatedNodes": 1, "mountConfiguration": [{}] }), "501 NotImplemented: "),
        (json!({ "enableAutoScale": true }), "400 MissingRequiredProperty: autoScaleFormula"),
        (
            json!({ "enableAutoScale": true, "autoScaleFormula": "$x=1", "targetDedicatedNodes": 1 }),
            "400 InvalidPropertyValue: targetDedicatedNodes",
        ),
        (
            json!({ "enableAutoScale": true, "autoScaleFormula": "$x=1", "autoScaleEvaluationInterval": "PT4M" }),
            "400 InvalidPropertyValue: autoScaleEvaluationInterval",
        ),
        (
            json!({ "enableAutoScale": true, "autoScaleFormula": "$x=" }),
            "400 AutoScalingFormulaSyntaxError: Line 1, Col 4: unexpected end of the formula",
        ),
        (
            json!({ "enableAutoScale": true, "autoScaleFormula": " ".repeat(8193) }),
            "400 AutoScaleFormulaTooLong: Line 1, Col 8193: the formula has 8193 characters, 8192 are allowed",
        ),
    ];
    for (more, expected) in cases {
        let mut pool = json!({
            "id": "p",
            "vmSize": "Standard_D2s_v5",
            "virtualMachineConfiguration": {
                "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
                "nodeAgentSKUId": "batch.node.ubuntu 24.04",
            },
        });
        pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, body) = account.call("POST", "/pools", pool).await;
        let about = body["values"][0]["value"].as_str().unwrap_or_default();
        assert_eq!(format!("{status}: {about}"), expected);
    }
    assert_eq!(account.pool(), "absent");
}
