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
    let machine = json!({
        "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
        "containerConfiguration": { "type": "dockerCompatible" },
    });
    account
        .add_pool(json!({
            "virtualMachineConfiguration": machine,
            "enableAutoScale": true,
            "autoScaleFormula": FORMULA,
            "autoScaleEvaluationInterval": "PT5M",
            "startTask": { "commandLine": "x" },
        }))
        .await;
    account.add_pool(json!({ "id": "q", "targetDedicatedNodes": 3 })).await;
    account.post("/jobs", json!({ "id": "j", "poolInfo": { "poolId": "p" } })).await;
    account.post("/jobs", json!({ "id": "k", "poolInfo": { "poolId": "q" } })).await;
    let mut trace = String::new();
    for minute in 0..240 {
        if minute < 120 && minute % 3 == 0 {
            let image = json!({ "imageName": format!("image-{}", minute % 4) });
            let id = format!("t{minute}");
            account.post("/jobs/j/tasks", json!({ "id": id, "commandLine": "x", "containerSettings": image, "constraints": { "maxTaskRetryCount": 2 }, "environmentSettings": [{ "name": "EXIT_CODE", "value": (minute % 2).to_string() }] })).await;
            account.post("/jobs/k/tasks", json!({ "id": id, "commandLine": "x" })).await;
        }
        match minute {
            30 | 75 => drop(account.batch().preempt("p", 2).unwrap()),
            40 => account.batch().lose_node("tvm-q-2", Loss::Died).unwrap(),
            50 => account.batch().freeze_allocation("p").unwrap(),
            70 => account.batch().thaw_allocation("p").unwrap(),
            90 => {
                account.batch().fail_allocation("q", ResizeErrorCode::AllocationFailed).unwrap();
                account.post("/pools/q/resize", json!({ "targetDedicatedNodes": 5 })).await;
            }
            100 => drop(
                account
                    .post(
                        "/pools/q/resize",
                        json!({ "targetDedicatedNodes": 1, "nodeDeallocationOption": "requeue" }),
                    )
                    .await,
            ),
            _ => {}
        }
        account.pass(TimeDelta::minutes(1));
        if minute % 10 == 0 {
            for path in
                ["/pools", "/pools/p/nodes", "/pools/q/nodes", "/jobs/j/tasks", "/jobs/k/tasks"]
            {
                writeln!(trace, "{minute} {path} {}", account.get(path).await).unwrap();
            }
        }
    }
    let request =
        http::Request::get("/jobs?api-version=2025-06-01").header("authorization", "Bearer t");
    let response = account.service.call(request.body(Default::default()).unwrap()).await.unwrap();
    writeln!(trace, "{:?}", response.headers()).unwrap();
    trace
}

#[tokio::test]
async fn one_seed_gives_one_trace() {
    assert_eq!(trace(1).await, trace(1).await);
    assert_ne!(trace(1).await, trace(2).await);
}
