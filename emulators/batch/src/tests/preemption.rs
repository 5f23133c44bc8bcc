//! Spot nodes that Azure preempts.

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::account::Account;
use crate::Loss;

/// The template's formula of spot nodes.
const SPOT: &str = include_str!("../../../../arm/autoscale/spot.txt");

/// Adds a pool and four tasks of ten minutes, which start on four spot nodes.
async fn four_busy_spot_nodes() -> Account {
    let account = Account::new();
    account.add_tasks(4).await;
    let pool = json!({
        "enableAutoScale": true,
        "autoScaleFormula": SPOT,
        "autoScaleEvaluationInterval": "PT5M",
    });
    assert_eq!(account.add_pool(pool).await, "201");
    account.pass(TimeDelta::minutes(12));
    assert_eq!(account.pool(), "steady to 0+4, 4 running");
    account
}

/// Returns the shown samples of the pool's nodes: current, preempted, usable, and pending tasks.
async fn samples(account: &Account) -> String {
    let formula = "c = $CurrentLowPriorityNodes.GetSample(1); p = $PreemptedNodeCount.GetSample(1);
        t = $PendingTasks.GetSample(1); u = $UsableNodeCount.GetSample(1);";
    let body = json!({ "autoScaleFormula": formula });
    let (_, run) = account.call("POST", "/pools/p/evaluateautoscale", body).await;
    run["results"].as_str().unwrap().split_once("requeue;").unwrap().1.to_owned()
}

#[tokio::test]
async fn preempted_nodes_come_back_under_their_ids_without_history() {
    let account = four_busy_spot_nodes().await;
    let ids = || account.batch().nodes("p").into_iter().map(|node| node.id).collect::<Vec<_>>();
    let before = ids();
    assert_eq!(account.batch().preempt("p", 4), Ok(4));
    assert_snapshot!(account.pool(), @"steady to 0+4, 4 preempted");
    assert_eq!(account.tasks(), [4, 0, 0, 0]);
    account.pass(TimeDelta::seconds(59));
    // Preempted nodes are current nodes, and their tasks are pending.
    assert_snapshot!(samples(&account).await, @"c=[4];p=[4];t=[4];u=[0]");
    account.pass(TimeDelta::seconds(2));
    assert_snapshot!(account.pool(), @"steady to 0+4, 4 creating");
    let node = account.get(&format!("/pools/p/nodes/{}", before[0])).await;
    assert_eq!(
        (&node["totalTasksRun"], &node["lastBootTime"]),
        (&json!(0), &node["allocationTime"])
    );
    account.pass(TimeDelta::minutes(4));
    assert_eq!(ids(), before);
    assert_eq!(account.tasks(), [0, 4, 0, 0]);
    let node = account.get(&format!("/pools/p/nodes/{}", before[0])).await;
    assert_eq!(node["totalTasksRun"], 1);
}

#[tokio::test]
async fn preempted_nodes_without_capacity_are_requested_until_they_are_there() {
    let account = four_busy_spot_nodes().await;
    account.batch().freeze_allocation("p").unwrap();
    account.batch().preempt("p", 4).unwrap();
    let mut targets = Vec::new();
    for _ in 0..6 {
        account.pass(TimeDelta::minutes(5));
        targets.push(account.batch().pools()[0].targets.1);
    }
    assert_eq!(targets, [3, 4, 3, 4, 3, 4]);
    assert_eq!(account.tasks(), [4, 0, 0, 0]);
    account.batch().thaw_allocation("p").unwrap();
    account.pass(TimeDelta::minutes(25));
    assert_eq!(account.tasks(), [0, 0, 4, 0]);
    account.pass(TimeDelta::minutes(30));
    assert_snapshot!(account.pool(), @"steady to 0+0");
}

#[tokio::test]
async fn a_preempted_or_leaving_node_is_not_replaced_in_addition() {
    let account = four_busy_spot_nodes().await;
    account.batch().lose_node("tvm-p-1", Loss::Preempted).unwrap();
    assert!(account.batch().lose_node("tvm-p-1", Loss::Preempted).is_err());
    assert!(account.batch().lose_node("tvm-p-1", Loss::Died).is_err());
    account.pass(TimeDelta::minutes(5));
    let removal = json!({ "nodeList": ["tvm-p-2"], "nodeDeallocationOption": "taskcompletion" });
    assert_eq!(account.post("/pools/p/disableautoscale", Value::Null).await, "200");
    assert_eq!(account.post("/pools/p/removenodes", removal).await, "202");
    account.batch().lose_node("tvm-p-2", Loss::Preempted).unwrap();
    account.pass(TimeDelta::minutes(2));
    let nodes = account.get("/pools/p/nodes?$select=id").await["value"].clone();
    let ids: Vec<_> = nodes.as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    let expected: [Value; 3] = ["tvm-p-1", "tvm-p-3", "tvm-p-4"].map(Value::from);
    assert_eq!(ids, expected);
}
