//! Actions on single nodes, pools of many nodes, and the quota of all pools.

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::account::Account;
use crate::Quota;

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn the_quota_includes_pools_that_exist_from_the_start() {
    let pool = |id: &str, nodes| {
        let (id, display) = (id.to_owned(), id.to_owned());
        crate::PoolOptions { id, nodes, slots: 1, containers: false, display }
    };
    let account = Account::with(|options| {
        options.pools = vec![pool("p", 2), pool("q", 9)];
        options.rules.quota = Quota { dedicated_cores: 10, ..Quota::default() };
    });
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 idle");
    let pools = account.batch().pools();
    assert_eq!((pools[1].nodes, pools[1].targets), ((3, 0), (9, 0)));
    assert_eq!(pools[1].errors, ["AccountCoreQuotaReached"]);
    // A client sees the same when it resizes the pool, and an added pool gets what remains.
    let resize = json!({ "targetDedicatedNodes": 20_000 });
    assert_eq!(account.post("/pools/p/resize", resize).await, "202");
    assert_snapshot!(account.pool(), @"steady to 20000+0, 2 idle, AccountCoreQuotaReached");
    account.batch().resize("q", 1).unwrap();
    let added = json!({ "id": "r", "targetDedicatedNodes": 3 });
    assert_eq!(account.add_pool(added).await, "201");
    account.pass(minutes(30));
    let pools = account.batch().pools();
    assert_eq!((pools[2].nodes, &*pools[2].errors), ((2, 0), &["AccountCoreQuotaReached"][..]));
}

#[tokio::test]
async fn twenty_thousand_nodes_come_and_go_in_seconds() {
    let account = Account::with(|options| options.rules.quota.dedicated_cores = 100_000);
    let begin = std::time::Instant::now();
    account.add_pool(json!({ "targetDedicatedNodes": 20_000 })).await;
    account.pass(minutes(30));
    assert_eq!(account.batch().pools()[0].nodes, (20_000, 0));
    account.post("/pools/p/resize", json!({ "targetDedicatedNodes": 0 })).await;
    account.pass(minutes(30));
    assert_eq!(account.batch().pools()[0].nodes, (0, 0));
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_node_is_rebooted_and_its_tasks_handled() {
    let account = Account::new();
    account.add_tasks(3).await;
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.pass(minutes(1));
    let reboot = async |body: Value| account.post("/pools/p/nodes/tvm-p-1/reboot", body).await;
    assert_eq!(reboot(json!({})).await, "409 NodeBeingCreated");
    account.pass(minutes(1));
    assert_eq!(reboot(json!({})).await, "409 NodeBeingStarted");
    account.pass(minutes(4));
    assert_eq!(account.tasks(), [2, 1, 0, 0]);
    let wait = json!({ "nodeRebootOption": "taskcompletion" });
    assert_eq!(reboot(wait).await, "501 NotImplemented");
    assert_eq!(reboot(json!({ "nodeRebootOption": "later" })).await, "400 InvalidPropertyValue");
    assert_eq!(reboot(json!({ "nodeRebootOption": "terminate" })).await, "202");
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 rebooting");
    assert_eq!(account.tasks(), [2, 0, 0, 1]);
    assert_eq!(reboot(Value::Null).await, "409 NodeBeingRebooted");
    account.pass(minutes(4));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 running");
    assert_eq!(account.tasks(), [1, 1, 0, 1]);
    assert_eq!(reboot(Value::Null).await, "202");
    assert_eq!(account.tasks(), [2, 0, 0, 1]);
    account.pass(minutes(60));
    assert_eq!(account.tasks(), [0, 0, 2, 1]);
    let reimage = account.post("/pools/p/nodes/tvm-p-1/reimage", Value::Null).await;
    assert_eq!(reimage, "409 OperationNotValidOnNode");
    assert_eq!(account.post("/pools/p/nodes/none/reboot", Value::Null).await, "404 NodeNotFound");
}

#[tokio::test]
async fn a_node_with_disabled_scheduling_takes_no_tasks() {
    let account = Account::new();
    account.add_tasks(2).await;
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.pass(minutes(6));
    assert_eq!(account.tasks(), [1, 1, 0, 0]);
    let node = "/pools/p/nodes/tvm-p-1";
    let disable = format!("{node}/disablescheduling");
    let wait = json!({ "nodeDisableSchedulingOption": "taskcompletion" });
    assert_eq!(account.post(&disable, wait.clone()).await, "200");
    assert_eq!(account.post(&disable, wait).await, "409 NodeAlreadyInTargetSchedulingState");
    account.pass(minutes(60));
    assert_eq!(account.tasks(), [1, 0, 1, 0]);
    assert_eq!(account.get(node).await["schedulingState"], "disabled");
    let enable = format!("{node}/enablescheduling");
    assert_eq!(account.post(&enable, Value::Null).await, "200");
    assert_eq!(account.post(&enable, Value::Null).await, "409 NodeAlreadyInTargetSchedulingState");
    account.pass(minutes(2));
    account.batch().settle();
    assert_eq!(account.tasks(), [0, 1, 1, 0]);
    // By default, the running tasks are requeued.
    assert_eq!(account.post(&disable, Value::Null).await, "200");
    assert_eq!(account.tasks(), [1, 0, 1, 0]);
}
