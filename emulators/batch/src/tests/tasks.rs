use insta::assert_snapshot;
use serde_json::{Value, json};

use super::fake_task::{FakeTasks, ImmediateSuccess};
use super::world::World;

#[tokio::test]
async fn a_task_cannot_be_added_twice() {
    let world = World::start(FakeTasks::default(), 0).await;
    let task = json!({ "id": "gh-1", "commandLine": "true" });
    let added = world.add(task.clone()).await;
    assert_eq!(added.status, 201);
    let url = format!("{}/jobs/runners/tasks/gh-1", world.listening.url);
    assert_eq!(added.header("dataserviceid"), url);
    assert_eq!(world.add(task.clone()).await.error(), "409 TaskExists");
    assert_eq!(world.post("/jobs/other/tasks", &task).await.error(), "404 JobNotFound");
    assert_eq!(world.get("/jobs/runners/tasks/none").await.error(), "404 TaskNotFound");
}

#[tokio::test]
async fn a_task_is_shown_as_it_was_added() {
    let world = World::start(FakeTasks::default(), 0).await;
    let task = json!({
        "id": "gh-1",
        "commandLine": "",
        "containerSettings": {
            "imageName": "registry.example/runner:1",
            "containerRunOptions": "--init",
            "registry": { "registryServer": "registry.example", "username": "me", "password": "secret" },
            "containerHostBatchBindMounts": [],
        },
        "environmentSettings": [{ "name": "RUNNER_NAME", "value": "gh-1" }],
        "constraints": { "maxWallClockTime": "PT26H" },
    });
    world.add(task).await;
    let mut shown = world.task("gh-1").await;
    for varying in
        ["eTag", "creationTime", "lastModified", "stateTransitionTime", "url", "odata.metadata"]
    {
        assert!(shown.as_object_mut().unwrap().remove(varying).is_some(), "{varying}");
    }
    assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "commandLine": "",
      "constraints": {
        "maxTaskRetryCount": 0,
        "maxWallClockTime": "P1DT2H",
        "retentionTime": "P7D"
      },
      "containerSettings": {
        "containerHostBatchBindMounts": [],
        "containerRunOptions": "--init",
        "imageName": "registry.example/runner:1",
        "registry": {
          "registryServer": "registry.example",
          "username": "me"
        }
      },
      "environmentSettings": [
        {
          "name": "RUNNER_NAME",
          "value": "gh-1"
        }
      ],
      "executionInfo": {
        "requeueCount": 0,
        "retryCount": 0
      },
      "id": "gh-1",
      "requiredSlots": 1,
      "state": "active",
      "userIdentity": {
        "autoUser": {
          "elevationLevel": "nonadmin",
          "scope": "pool"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn an_invalid_body_is_rejected_with_its_property() {
    let world = World::start(FakeTasks::default(), 0).await;
    let bodies = [
        "{",
        "[]",
        r#"{"commandLine":"x"}"#,
        r#"{"id":"t1","commandline":"x"}"#,
        r#"{"id":"t1","commandLine":"x","containerSettings":{"image":"x"}}"#,
        r#"{"id":"t1","commandLine":"x","containerSettings":{"imageName":7}}"#,
        r#"{"id":"t1","commandLine":"x","environmentSettings":[{"name":"A","value":"b"},{"value":"c"}]}"#,
        r#"{"id":"t1","commandLine":"x","constraints":{"maxWallClockTime":"1 hour"}}"#,
        r#"{"id":"t1","commandLine":"x","constraints":{"maxTaskRetryCount":-2}}"#,
        r#"{"id":"t1","commandLine":"x","requiredSlots":-1}"#,
        r#"{"id":"t1","commandLine":"x","requiredSlots":0}"#,
        r#"{"id":"t1","commandLine":"x","userIdentity":{"autoUser":{"scope":"node"}}}"#,
        r#"{"id":"gh/1","commandLine":"x"}"#,
        r#"{"id":"t1","commandLine":"x","dependsOn":{"taskIds":["t0"]}}"#,
    ];
    let mut errors = String::new();
    for body in bodies {
        let answer = world.send("POST", "/jobs/runners/tasks", &[], body).await;
        errors.push_str(&format!("{}\n", answer.error()));
    }
    assert_snapshot!(errors, @r"
    400 InvalidRequestBody Reason=EOF while parsing an object at line 1 column 1
    400 InvalidRequestBody Reason=expected an object
    400 MissingRequiredProperty PropertyName=id
    400 UnsupportedProperty PropertyName=commandline
    400 UnsupportedProperty PropertyName=containerSettings.image
    400 InvalidPropertyValue PropertyName=containerSettings.imageName Reason=expected a string, found integer `7`
    400 MissingRequiredProperty PropertyName=environmentSettings[1].name
    400 InvalidPropertyValue PropertyName=constraints.maxWallClockTime PropertyValue=1 hour Reason=expected an ISO 8601 duration
    400 InvalidPropertyValue PropertyName=constraints.maxTaskRetryCount PropertyValue=-2 Reason=must be -1 or greater
    400 InvalidPropertyValue PropertyName=requiredSlots PropertyValue=-1 Reason=expected u32
    400 InvalidPropertyValue PropertyName=requiredSlots PropertyValue=0 Reason=must be 1 or greater
    400 InvalidPropertyValue PropertyName=userIdentity.autoUser.scope PropertyValue=node Reason=expected one of task, pool
    400 InvalidPropertyValue PropertyName=id PropertyValue=gh/1 Reason=an id has 1 to 64 letters, digits, hyphens and underscores
    501 NotImplemented
    ");
    assert_eq!(world.batch.tasks("runners"), []);
}

#[tokio::test]
async fn a_body_of_more_than_a_megabyte_is_too_large() {
    let world = World::start(FakeTasks::default(), 0).await;
    let task = json!({ "id": "t1", "commandLine": "x".repeat(1 << 20) });
    assert_eq!(world.add(task).await.error(), "413 RequestBodyTooLarge");
}

#[tokio::test]
async fn each_task_of_a_collection_has_a_result_of_its_own() {
    let world = World::start(FakeTasks::default(), 0).await;
    world.add(json!({ "id": "b", "commandLine": "x" })).await;
    let tasks = json!({ "value": [
        { "id": "a", "commandLine": "x" },
        { "id": "B", "commandLine": "x" },
        { "id": "c d", "commandLine": "x" },
        { "id": "e", "commandLine": "x", "outputFiles": [{}] },
    ] });
    let answer = world.post("/jobs/runners/addtaskcollection", &tasks).await;
    assert_eq!(answer.status, 200);
    let results = answer.json()["value"].as_array().unwrap().clone();
    let results = results.iter().map(|result| {
        format!("{} {} {}\n", result["taskId"], result["status"], result["error"]["code"])
    });
    assert_snapshot!(results.collect::<String>(), @r#"
    "a" "Success" null
    "B" "ClientError" "TaskExists"
    "c d" "ClientError" "InvalidPropertyValue"
    "e" "ClientError" "NotImplemented"
    "#);
    let many: Vec<_> =
        (0..101).map(|n| json!({ "id": n.to_string(), "commandLine": "x" })).collect();
    let many = world.post("/jobs/runners/addtaskcollection", &json!({ "value": many })).await;
    assert_eq!(
        many.error(),
        "400 InvalidPropertyValue PropertyName=value PropertyValue=101 Reason=at most 100 tasks can be added in one request"
    );
}

#[tokio::test]
async fn constraints_are_replaced_until_the_task_is_completed() {
    let world = World::start(FakeTasks::default(), 0).await;
    world
        .add(json!({ "id": "t1", "commandLine": "x", "constraints": { "maxTaskRetryCount": 3 } }))
        .await;
    let replace = r#"{"constraints":{"maxWallClockTime":"PT1H"}}"#;
    let put = world.send("PUT", "/jobs/runners/tasks/t1", &[], replace).await;
    assert_eq!(put.status, 200);
    assert_eq!(
        world.task("t1").await["constraints"],
        json!({ "maxWallClockTime": "PT1H", "retentionTime": "P7D", "maxTaskRetryCount": 0 })
    );
    assert_eq!(world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await.status, 204);
    let late = world.send("PUT", "/jobs/runners/tasks/t1", &[], replace).await;
    assert_eq!(late.error(), "409 TaskCompleted");
    let again = world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await;
    assert_eq!(again.error(), "409 TaskCompleted");
}

#[tokio::test]
async fn a_deleted_task_is_gone_and_its_id_is_free() {
    let mut world = World::start(FakeTasks::default(), 1).await;
    world.add_runner("t1").await;
    world.until_started("t1").await;
    assert_eq!(world.send("DELETE", "/jobs/runners/tasks/t1", &[], "").await.status, 200);
    assert_eq!(world.get("/jobs/runners/tasks/t1").await.error(), "404 TaskNotFound");
    world.add_runner("t1").await;
    world.until_started("t1").await;
}

#[tokio::test]
async fn only_a_failed_task_can_be_reactivated() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks.clone(), 1).await;
    world.add_runner("t1").await;
    let reactivate = "/jobs/runners/tasks/t1/reactivate";
    world.until_started("t1").await;
    assert_eq!(world.post(reactivate, &Value::Null).await.error(), "409 TaskNotCompleted");
    fake_tasks.end("t1", 7);
    assert_eq!(world.until_ended("t1").await, 7);
    assert_eq!(world.task("t1").await["executionInfo"]["failureInfo"]["code"], "FailureExitCode");
    assert_eq!(world.post(reactivate, &Value::Null).await.status, 204);
    world.until_started("t1").await;
    fake_tasks.end("t1", 0);
    world.until_ended("t1").await;
    let info = world.task("t1").await["executionInfo"].clone();
    assert_eq!((&info["result"], &info["exitCode"]), (&json!("success"), &json!(0)));
    assert_eq!(world.post(reactivate, &Value::Null).await.error(), "409 TaskSucceeded");
}

#[tokio::test]
async fn tasks_are_counted_by_state() {
    let mut world = World::start(ImmediateSuccess, 1).await;
    world.add_runner("t1").await;
    world.until_ended("t1").await;
    world.batch.hold_scheduling("ubuntu").unwrap();
    world.add(json!({ "id": "t2", "commandLine": "x", "requiredSlots": 3 })).await;
    let mut counts = world.get("/jobs/runners/taskcounts").await.json();
    counts.as_object_mut().unwrap().remove("odata.metadata");
    let expected = |slots| json!({ "active": slots, "running": 0, "completed": 1, "succeeded": 1, "failed": 0 });
    assert_eq!(counts, json!({ "taskCounts": expected(1), "taskSlotCounts": expected(3) }));
}
