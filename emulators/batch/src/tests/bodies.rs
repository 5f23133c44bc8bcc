//! Forms of request bodies that real clients send.

use serde_json::{Value, json};

use super::account::Account;
use super::fake_task::FakeTasks;
use super::world::World;

fn pool(more: Value) -> Value {
    let mut pool = json!({
        "id": "p",
        "vmSize": "Standard_D4s_v5",
        "virtualMachineConfiguration": {
            "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
            "nodeAgentSKUId": "batch.node.ubuntu 24.04",
        },
    });
    pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    pool
}

#[tokio::test]
async fn whole_numbers_and_booleans_may_be_sent_as_text() {
    let account = Account::new();
    let added = pool(json!({
        "targetDedicatedNodes": "2",
        "targetLowPriorityNodes": " 1 ",
        "taskSlotsPerNode": "4",
        "enableInterNodeCommunication": "True",
        "startTask": { "commandLine": "x", "maxTaskRetryCount": "-1", "waitForSuccess": "false" },
    }));
    assert_eq!(account.post("/pools", added).await, "201");
    let shown = account.get("/pools/p").await;
    assert_eq!(
        (&shown["targetDedicatedNodes"], &shown["targetLowPriorityNodes"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&shown["taskSlotsPerNode"], &shown["enableInterNodeCommunication"]),
        (&json!(4), &json!(true))
    );
    assert_eq!(shown["startTask"]["maxTaskRetryCount"], -1);
    let job = json!({
        "id": "j",
        "priority": "-10",
        "maxParallelTasks": "3",
        "constraints": { "maxTaskRetryCount": "2" },
        "onTaskFailure": "performexitoptionsjobaction",
        "usesTaskDependencies": "false",
        "poolInfo": { "poolId": "p" },
    });
    assert_eq!(account.post("/jobs", job).await, "201");
    let shown = account.get("/jobs/j").await;
    assert_eq!((&shown["priority"], &shown["maxParallelTasks"]), (&json!(-10), &json!(3)));
    assert_eq!(account.call("PATCH", "/jobs/j", json!({ "priority": "7" })).await.0, "200");
    let task = json!({
        "id": "t",
        "commandLine": "x",
        "requiredSlots": "2",
        "constraints": { "maxTaskRetryCount": "1" },
        "exitConditions": {
            "exitCodes": [{ "code": "3", "exitOptions": { "jobAction": "none" } }],
            "exitCodeRanges": [{ "start": "4", "end": "9", "exitOptions": { "jobAction": "none" } }],
        },
    });
    assert_eq!(account.post("/jobs/j/tasks", task.clone()).await, "201");
    let shown = account.get("/jobs/j/tasks/t").await;
    assert_eq!(
        (&shown["requiredSlots"], &shown["constraints"]["maxTaskRetryCount"]),
        (&json!(2), &json!(1))
    );
    let more = json!({ "value": [{ "id": "u", "commandLine": "x", "requiredSlots": "1" }] });
    assert_eq!(account.post("/jobs/j/addtaskcollection", more).await, "200");
    account.pass(chrono::TimeDelta::minutes(30));
    let resize = json!({ "targetDedicatedNodes": "0", "targetLowPriorityNodes": "0" });
    assert_eq!(account.post("/pools/p/resize", resize).await, "202");
}

#[tokio::test]
async fn text_that_is_no_whole_number_is_refused() {
    let account = Account::new();
    for (name, value) in [
        ("targetDedicatedNodes", json!("2.5")),
        ("targetDedicatedNodes", json!(2.5)),
        ("targetDedicatedNodes", json!("")),
        ("targetDedicatedNodes", json!("two")),
        ("targetDedicatedNodes", json!("99999999999")),
        ("targetLowPriorityNodes", json!(true)),
        ("taskSlotsPerNode", json!("-1")),
        ("taskSlotsPerNode", json!("1e1")),
        ("enableAutoScale", json!("yes")),
        ("enableInterNodeCommunication", json!("1")),
        ("enableInterNodeCommunication", json!(1)),
    ] {
        let (status, body) = account.call("POST", "/pools", pool(json!({ name: value }))).await;
        assert_eq!(status, "400 InvalidPropertyValue", "{name} {value}");
        let named = json!({ "key": "PropertyName", "value": name });
        assert_eq!(body["values"][0], named, "{name} {value}");
    }
}

#[tokio::test]
async fn a_pool_without_targets_has_no_nodes() {
    let account = Account::new();
    assert_eq!(account.post("/pools", pool(json!({}))).await, "201");
    insta::assert_snapshot!(account.pool(), @"steady to 0+0");
    let spot = pool(json!({ "id": "q", "targetLowPriorityNodes": 1 }));
    assert_eq!(account.post("/pools", spot).await, "201");
    let shown = account.get("/pools/q").await;
    assert_eq!(
        (&shown["targetDedicatedNodes"], &shown["targetLowPriorityNodes"]),
        (&json!(0), &json!(1))
    );
    // A resize without targets requests nothing.
    assert_eq!(account.post("/pools/p/resize", json!({})).await, "400 MissingRequiredProperty");
}

#[tokio::test]
async fn an_auto_user_is_of_the_pool_and_no_administrator_by_default() {
    let account = Account::new();
    account.post("/pools", pool(json!({ "startTask": { "commandLine": "x" } }))).await;
    let standard = json!({ "autoUser": { "scope": "pool", "elevationLevel": "nonadmin" } });
    assert_eq!(account.get("/pools/p").await["startTask"]["userIdentity"], standard);
    account.add_tasks(0).await;
    let admin = json!({ "autoUser": { "scope": "pool", "elevationLevel": "admin" } });
    let own = json!({ "autoUser": { "scope": "task", "elevationLevel": "nonadmin" } });
    let cases = [
        (json!(null), &standard),
        (json!({}), &standard),
        (json!({ "autoUser": {} }), &standard),
        (json!({ "autoUser": { "scope": null } }), &standard),
        (json!({ "autoUser": { "elevationLevel": "admin" } }), &admin),
        (json!({ "autoUser": { "scope": "task" } }), &own),
        (json!({ "username": "me" }), &json!({ "username": "me" })),
    ];
    for (number, (sent, expected)) in cases.into_iter().enumerate() {
        let task = json!({ "id": format!("t{number}"), "commandLine": "x", "userIdentity": sent });
        assert_eq!(account.post("/jobs/j/tasks", task).await, "201");
        let shown = account.get(&format!("/jobs/j/tasks/t{number}")).await;
        assert_eq!(&shown["userIdentity"], expected, "{sent}");
    }
    let both = json!({ "id": "both", "commandLine": "x", "userIdentity": { "username": "me", "autoUser": {} } });
    assert_eq!(account.post("/jobs/j/tasks", both).await, "400 InvalidPropertyValue");
}

#[tokio::test]
async fn settings_and_metadata_need_a_name() {
    let account = Account::new();
    account.add_tasks(0).await;
    let nameless = json!([{ "name": "A", "value": "a" }, { "name": "", "value": "b" }]);
    let invalid = "400 InvalidPropertyValue";
    let task = json!({ "id": "t", "commandLine": "x", "environmentSettings": nameless });
    assert_eq!(account.post("/jobs/j/tasks", task).await, invalid);
    let start = json!({ "commandLine": "x", "environmentSettings": nameless });
    assert_eq!(account.post("/pools", pool(json!({ "startTask": start }))).await, invalid);
    let job = |name: &str| json!({ "id": "k", "poolInfo": { "poolId": "p" }, name: nameless });
    assert_eq!(account.post("/jobs", job("commonEnvironmentSettings")).await, invalid);
    assert_eq!(account.post("/jobs", job("metadata")).await, "400 EmptyMetadataKey");
    let changed = account.call("PATCH", "/jobs/j", json!({ "metadata": nameless })).await.0;
    assert_eq!(changed, "400 EmptyMetadataKey");
    let labelled = pool(json!({ "metadata": nameless }));
    assert_eq!(account.post("/pools", labelled).await, "400 EmptyMetadataKey");
}

#[tokio::test]
async fn a_byte_order_mark_before_a_body_is_skipped() {
    let world = World::start(FakeTasks::default(), 0).await;
    let body = "\u{feff}{\"id\":\"t1\",\"commandLine\":\"x\"}";
    let added = world.send("POST", "/jobs/runners/tasks", &[], body).await;
    assert_eq!(added.status, 201);
    let twice = world.send("POST", "/jobs/runners/tasks", &[], &format!("\u{feff}{body}")).await;
    assert!(twice.error().starts_with("400 InvalidRequestBody"), "{twice:?}");
}
