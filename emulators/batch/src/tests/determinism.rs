//! The same seed gives the same trace, byte for byte.

use std::fmt::Write;

use chrono::TimeDelta;
use serde_json::json;

use super::account::Account;
use crate::{Loss, ResizeErrorCode, Timings};

const FORMULA: &str = "tasks = max($PendingTasks.GetSample(3 * TimeInterval_Minute, 10));
$TargetDedicatedNodes = min(4, tasks) + floor(2 * rand());
$TargetLowPriorityNodes = min(3, tasks);
$NodeDeallocationOption = taskcompletion;";

/// Runs four hours of a busy account, and returns everything that its clients can see.
async fn trace(seed: u64) -> String {
    let account = Account::with(|options| {
        options.rules.timings = Timings::REPORTED;
        options.seed = seed;
    });
    add_pools_and_jobs(&account).await;
    let mut trace = String::new();
    for minute in 0..240 {
        if minute < 120 && minute % 3 == 0 {
            add_tasks(&account, minute).await;
        }
        disturb(&account, minute).await;
        account.pass(TimeDelta::minutes(1));
        if minute % 10 == 0 {
            let nodes = ["/pools/p/nodes", "/pools/q/nodes"];
            for path in ["/pools", nodes[0], nodes[1], "/jobs/j/tasks", "/jobs/k/tasks"] {
                writeln!(trace, "{minute} {path} {}", account.get(path).await).unwrap();
            }
        }
    }
    let request = http::Request::get("/jobs?api-version=2025-06-01");
    let request = request.header("authorization", "Bearer t").body(Default::default());
    let response = account.service.call(request.unwrap()).await.unwrap();
    writeln!(trace, "{:?}", response.headers()).unwrap();
    trace
}

async fn add_pools_and_jobs(account: &Account) {
    let machine = json!({
        "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
        "containerConfiguration": { "type": "dockerCompatible" },
    });
    let pool = json!({
        "virtualMachineConfiguration": machine,
        "enableAutoScale": true,
        "autoScaleFormula": FORMULA,
        "autoScaleEvaluationInterval": "PT5M",
        "startTask": { "commandLine": "x" },
    });
    account.add_pool(pool).await;
    account.add_pool(json!({ "id": "q", "targetDedicatedNodes": 3 })).await;
    account.post("/jobs", json!({ "id": "j", "poolInfo": { "poolId": "p" } })).await;
    account.post("/jobs", json!({ "id": "k", "poolInfo": { "poolId": "q" } })).await;
}

async fn add_tasks(account: &Account, minute: i32) {
    let exit_code = json!({ "name": "EXIT_CODE", "value": (minute % 2).to_string() });
    let task = json!({
        "id": format!("t{minute}"),
        "commandLine": "x",
        "containerSettings": { "imageName": format!("image-{}", minute % 4) },
        "constraints": { "maxTaskRetryCount": 2 },
        "environmentSettings": [exit_code],
    });
    account.post("/jobs/j/tasks", task).await;
    let task = json!({ "id": format!("t{minute}"), "commandLine": "x" });
    account.post("/jobs/k/tasks", task).await;
}

/// Loses nodes, freezes allocation and fails a resize, each at its minute.
async fn disturb(account: &Account, minute: i32) {
    let resize = async |body| account.post("/pools/q/resize", body).await;
    let batch = account.batch();
    match minute {
        30 | 75 => drop(batch.preempt("p", 2).unwrap()),
        40 => batch.lose_node("tvm-q-2", Loss::Died).unwrap(),
        50 => batch.freeze_allocation("p").unwrap(),
        70 => batch.thaw_allocation("p").unwrap(),
        90 => {
            batch.fail_allocation("q", ResizeErrorCode::AllocationFailed).unwrap();
            resize(json!({ "targetDedicatedNodes": 5 })).await;
        }
        100 => {
            let requeue = "requeue";
            resize(json!({ "targetDedicatedNodes": 1, "nodeDeallocationOption": requeue })).await;
        }
        _ => {}
    }
}

#[tokio::test]
async fn one_seed_gives_one_trace() {
    assert_eq!(trace(1).await, trace(1).await);
    assert_ne!(trace(1).await, trace(2).await);
}
