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
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 running");
    account.pass(minutes(60));
    assert_eq!(account.tasks(), [1, 0, 1, 0]);
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 offline");
    assert_eq!(account.get(node).await["schedulingState"], "disabled");
    assert_eq!(account.get("/nodecounts").await["value"][0]["dedicated"]["offline"], 1);
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

/// A node for each task of the last five minutes, at most two.
const TWO: &str = "share = $PendingTasks.GetSamplePercent(5 * TimeInterval_Minute);
tasks = share < 1 ? max(0, $PendingTasks.GetSample(1)) : max($PendingTasks.GetSample(5 * TimeInterval_Minute, 1));
$TargetDedicatedNodes = min(2, tasks);
$NodeDeallocationOption = taskcompletion;";

#[tokio::test]
async fn a_node_is_removed_only_without_automatic_scaling() {
    let account = Account::new();
    account.add_tasks(3).await;
    let scaled = json!({
        "enableAutoScale": true, "autoScaleFormula": TWO, "autoScaleEvaluationInterval": "PT5M",
    });
    account.add_pool(scaled).await;
    account.pass(minutes(12));
    assert_snapshot!(account.pool(), @"steady to 2+0, 2 running");
    for node in ["tvm-p-1", "tvm-p-2"] {
        let wait = json!({ "nodeDisableSchedulingOption": "taskcompletion" });
        let path = format!("/pools/p/nodes/{node}/disablescheduling");
        assert_eq!(account.post(&path, wait).await, "200");
    }
    // An offline node is a current node: the formula requests no other, and the third task waits.
    account.pass(minutes(60));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 offline");
    assert_eq!(account.tasks(), [1, 0, 2, 0]);
    let removal = json!({ "nodeList": [account.batch().nodes("p")[0].id] });
    let (status, error) = account.call("POST", "/pools/p/removenodes", removal.clone()).await;
    assert_eq!(status, "409 OperationInvalidForCurrentState");
    assert_eq!(error["values"][0]["value"], "Remove VMs not allowed when AutoScale is enabled");
    assert_eq!(account.post("/pools/p/disableautoscale", Value::Null).await, "200");
    assert_eq!(account.post("/pools/p/removenodes", removal).await, "202");
    account.pass(minutes(1));
    assert_snapshot!(account.pool(), @"steady to 0+0");
    let again = json!({ "autoScaleFormula": TWO, "autoScaleEvaluationInterval": "PT5M" });
    assert_eq!(account.post("/pools/p/enableautoscale", again).await, "200");
    account.pass(minutes(12));
    assert_eq!(account.tasks(), [0, 1, 2, 0]);
}

#[tokio::test]
async fn enabling_automatic_scaling_again_begins_without_samples() {
    let account = Account::new();
    account.add_tasks(1).await;
    let scaled = json!({ "enableAutoScale": true, "autoScaleFormula": TWO });
    account.add_pool(scaled).await;
    account.pass(minutes(20));
    let percent = "p = $PendingTasks.GetSamplePercent(5 * TimeInterval_Minute);";
    let share = async || {
        let body = json!({ "autoScaleFormula": percent });
        let (_, run) = account.call("POST", "/pools/p/evaluateautoscale", body).await;
        run["results"].as_str().unwrap().rsplit(';').next().unwrap().to_owned()
    };
    assert_ne!(share().await, "p=0");
    assert_eq!(account.post("/pools/p/disableautoscale", Value::Null).await, "200");
    account.pass(minutes(2));
    assert_eq!(account.post("/pools/p/enableautoscale", scaled_with(TWO)).await, "200");
    assert_eq!(share().await, "p=0");
    account.pass(minutes(6));
    assert_ne!(share().await, "p=0");
}

fn scaled_with(formula: &str) -> Value {
    json!({ "autoScaleFormula": formula })
}
