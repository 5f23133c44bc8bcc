use insta::assert_debug_snapshot;
use serde_json::{Value, json};

use super::fake_task::{FakeTasks, ImmediateSuccess};
use super::world::World;

impl World {
    async fn job(&self, id: &str) -> Value {
        self.get(&format!("/jobs/{id}")).await.json()
    }
}

#[tokio::test]
async fn a_job_is_shown_as_it_was_added() {
    let world = World::start(ImmediateSuccess, 1).await;
    let job = json!({
        "id": "Runners-Windows",
        "displayName": "for Windows",
        "priority": 5,
        "poolInfo": { "poolId": "no-such-pool" },
        "constraints": { "maxWallClockTime": "P1D" },
        "metadata": [{ "name": "profile", "value": "windows" }],
    });
    let added = world.post("/jobs", &job).await;
    assert_eq!(added.status, 201);
    assert_eq!(
        added.header("dataserviceid"),
        format!("{}/jobs/Runners-Windows", world.listening.url)
    );
    let mut shown = world.job("runners-windows").await;
    assert_eq!(added.header("etag"), shown["eTag"]);
    for varying in
        ["eTag", "creationTime", "lastModified", "stateTransitionTime", "url", "odata.metadata"]
    {
        assert!(shown.as_object_mut().unwrap().remove(varying).is_some(), "{varying}");
    }
    assert!(shown["executionInfo"].as_object_mut().unwrap().remove("startTime").is_some());
    let text = serde_json::to_string_pretty(&shown).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
      "allowTaskPreemption": false,
      "constraints": {
        "maxTaskRetryCount": 0,
        "maxWallClockTime": "P1D"
      },
      "displayName": "for Windows",
      "executionInfo": {
        "poolId": "no-such-pool"
      },
      "id": "Runners-Windows",
      "maxParallelTasks": -1,
      "metadata": [
        {
          "name": "profile",
          "value": "windows"
        }
      ],
      "onAllTasksComplete": "noaction",
      "onTaskFailure": "noaction",
      "poolInfo": {
        "poolId": "no-such-pool"
      },
      "priority": 5,
      "state": "active",
      "usesTaskDependencies": false
    }
    "#);
}

#[tokio::test]
async fn ids_that_differ_in_case_are_one_id() {
    let world = World::start(ImmediateSuccess, 1).await;
    let again = json!({ "id": "RUNNERS", "poolInfo": { "poolId": "ubuntu" } });
    assert_eq!(world.post("/jobs", &again).await.error(), "409 JobExists");
    assert_eq!(world.get("/jobs/none").await.error(), "404 JobNotFound");
}

#[tokio::test]
async fn a_terminated_job_ends_running_tasks_and_keeps_active_ones() {
    let mut world = World::start(FakeTasks::default(), 1).await;
    world.add_runner("t1").await;
    world.add_runner("t2").await;
    world.until_started("t1").await;
    let reason = json!({ "terminateReason": "enough" });
    assert_eq!(world.post("/jobs/runners/terminate", &reason).await.status, 202);
    world.until_ended("t1").await;
    assert_debug_snapshot!(world.batch.tasks("runners"), @r"
    [
        t1 completed, TaskEnded,
        t2 active,
    ]
    ");
    let job = world.job("runners").await;
    assert_eq!(
        (&job["state"], &job["previousState"]),
        (&json!("completed"), &json!("terminating"))
    );
    assert_eq!(job["executionInfo"]["terminateReason"], "enough");
    let late = json!({ "id": "t3", "commandLine": "true" });
    assert_eq!(world.add(late.clone()).await.error(), "409 JobCompleted");
    let many = json!({ "value": [late] });
    let many = world.post("/jobs/runners/addtaskcollection", &many).await;
    assert_eq!(many.error(), "409 JobCompleted");
    assert_eq!(
        world.post("/jobs/runners/terminate", &Value::Null).await.error(),
        "409 JobCompleted"
    );
    let patch = world.send("PATCH", "/jobs/runners", &[], r#"{"priority":1}"#).await;
    assert_eq!(patch.error(), "409 JobCompleted");
}

#[tokio::test]
async fn a_job_is_being_deleted_until_its_last_task_has_ended() {
    // The task ignores TERM, like a process that is busy with its clean-up.
    let world = World::with_script("trap '' TERM; echo up; while :; do sleep 1; done").await;
    world.add_runner("t1").await;
    world.until_file("t1", "stdout.txt").await;
    assert_eq!(world.send("DELETE", "/jobs/runners", &[], "").await.status, 202);
    assert_eq!(world.job("runners").await["state"], "deleting");
    let late = json!({ "id": "t2", "commandLine": "true" });
    assert_eq!(world.add(late).await.error(), "409 JobBeingDeleted");
    let again = json!({ "id": "runners", "poolInfo": { "poolId": "ubuntu" } });
    assert_eq!(world.post("/jobs", &again).await.error(), "409 JobExists");
    let node = world.batch.nodes("ubuntu")[0].id.clone();
    world.batch.lose_node(&node, crate::Loss::Died).unwrap();
    while world.get("/jobs/runners").await.status == 200 {}
    assert_eq!(world.post("/jobs", &again).await.status, 201);
}

#[tokio::test]
async fn a_disabled_job_accepts_tasks_and_runs_them_once_enabled() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks.clone(), 1).await;
    world.add_runner("t1").await;
    world.until_started("t1").await;
    let requeue = json!({ "disableTasks": "requeue" });
    assert_eq!(world.post("/jobs/runners/disable", &requeue).await.status, 202);
    world.add_runner("t2").await;
    while world.job("runners").await["state"] != "disabled" {}
    assert_eq!(fake_tasks.running(), [""; 0]);
    let requeued = world.task("t1").await;
    assert_eq!(requeued["executionInfo"]["requeueCount"], 1);
    assert_eq!(world.post("/jobs/runners/enable", &Value::Null).await.status, 202);
    world.until_started("t1").await;
    fake_tasks.end("t1", 0);
    world.until_started("t2").await;
    assert_eq!(world.job("runners").await["state"], "active");
}

#[tokio::test]
async fn a_job_is_disabling_until_its_running_tasks_have_ended() {
    for rejects in [false, true] {
        let fake_tasks = FakeTasks::default();
        let mut world = World::start_with(fake_tasks.clone(), 1, |options| {
            options.rules.disabling_jobs_reject_enable = rejects
        })
        .await;
        world.add_runner("t1").await;
        world.until_started("t1").await;
        world.add_runner("t2").await;
        for _ in 0..2 {
            let wait = json!({ "disableTasks": "wait" });
            assert_eq!(world.post("/jobs/runners/disable", &wait).await.status, 202);
            assert_eq!(world.job("runners").await["state"], "disabling");
        }
        let enabled = world.post("/jobs/runners/enable", &Value::Null).await;
        assert_eq!(enabled.status, if rejects { 409 } else { 202 });
        fake_tasks.end("t1", 0);
        world.until_ended("t1").await;
        if rejects {
            assert_eq!(world.job("runners").await["state"], "disabled");
            assert_eq!(world.task("t2").await["state"], "active");
            assert_eq!(world.post("/jobs/runners/enable", &Value::Null).await.status, 202);
        }
        world.until_started("t2").await;
    }
}

#[tokio::test]
async fn a_disabled_job_may_reject_tasks() {
    let world = World::start_with(ImmediateSuccess, 1, |options| {
        options.rules.disabled_jobs_reject_tasks = true
    })
    .await;
    let wait = json!({ "disableTasks": "wait" });
    assert_eq!(world.post("/jobs/runners/disable", &wait).await.status, 202);
    let task = json!({ "id": "t1", "commandLine": "true" });
    assert_eq!(world.add(task).await.error(), "409 JobDisabled");
}

#[tokio::test]
async fn a_job_may_end_with_its_last_task() {
    let mut world = World::start(ImmediateSuccess, 1).await;
    world.add_runner("t1").await;
    world.until_ended("t1").await;
    let patch = r#"{"onAllTasksComplete":"terminatejob","priority":-7}"#;
    assert_eq!(world.send("PATCH", "/jobs/runners", &[], patch).await.status, 200);
    let job = world.job("runners").await;
    assert_eq!(job["priority"], -7);
    assert_eq!(job["executionInfo"]["terminateReason"], "AllTasksComplete");
}

#[tokio::test]
async fn a_job_over_its_time_limit_is_terminated() {
    let fake_tasks = FakeTasks::default();
    let mut world = World::start(fake_tasks, 1).await;
    let patch = r#"{"constraints":{"maxWallClockTime":"PT1H"}}"#;
    assert_eq!(world.send("PATCH", "/jobs/runners", &[], patch).await.status, 200);
    world.add_runner("t1").await;
    world.until_started("t1").await;
    world.clock.advance(std::time::Duration::from_secs(3_600));
    world.until_ended("t1").await;
    let job = world.job("runners").await;
    assert_eq!(job["state"], "completed");
    assert_eq!(job["executionInfo"]["terminateReason"], "MaxWallClockTimeExpiry");
}

#[tokio::test]
async fn a_job_changes_its_pool_only_while_it_is_disabled() {
    let world = World::start(ImmediateSuccess, 1).await;
    let other = r#"{"poolInfo":{"poolId":"other"}}"#;
    let patch = world.send("PATCH", "/jobs/runners", &[], other).await;
    assert_eq!(patch.error(), "409 OperationInvalidForCurrentState");
    world.post("/jobs/runners/disable", &json!({ "disableTasks": "wait" })).await;
    assert_eq!(world.send("PATCH", "/jobs/runners", &[], other).await.status, 200);
    assert_eq!(world.job("runners").await["poolInfo"]["poolId"], "other");
}

#[tokio::test]
async fn a_change_of_another_version_is_rejected() {
    let world = World::start(ImmediateSuccess, 1).await;
    let first = world.get("/jobs/runners").await;
    let etag = first.header("etag").to_owned();
    let fresh = world.send("GET", "/jobs/runners", &[("if-none-match", &etag)], "").await;
    assert_eq!((fresh.status, fresh.body.as_str()), (304, ""));
    let since = first.header("last-modified").to_owned();
    let fresh = world.send("GET", "/jobs/runners", &[("if-modified-since", &since)], "").await;
    assert_eq!(fresh.status, 304);
    let patch = r#"{"priority":1}"#;
    let matching = [("if-match", etag.as_str())];
    assert_eq!(world.send("PATCH", "/jobs/runners", &matching, patch).await.status, 200);
    let stale = world.send("PATCH", "/jobs/runners", &matching, patch).await;
    assert_eq!(stale.error(), "412 ConditionNotMet");
    let deleted = world.send("DELETE", "/jobs/runners", &matching, "").await;
    assert_eq!(deleted.error(), "412 ConditionNotMet");
}

#[tokio::test]
async fn the_end_of_a_task_may_disable_or_terminate_its_job() {
    let options = |action: &str| json!({ "jobAction": action });
    let conditions = json!({
        "exitCodes": [{ "code": 3, "exitOptions": options("none") }],
        "exitCodeRanges": [{ "start": 4, "end": 9, "exitOptions": options("disable") }],
    });
    for (code, expected) in [(0, "active"), (3, "active"), (5, "disabled"), (10, "completed")] {
        let fake_tasks = FakeTasks::default();
        let mut world = World::start(fake_tasks.clone(), 1).await;
        let job = json!({ "id": "j", "poolInfo": { "poolId": "ubuntu" }, "onTaskFailure": "performexitoptionsjobaction" });
        world.post("/jobs", &job).await;
        let mut task = json!({ "id": "t1", "commandLine": "", "exitConditions": conditions });
        task["containerSettings"] = json!({ "imageName": "runner" });
        let rejected = world.add(task.clone()).await.error();
        assert!(
            rejected.starts_with("400 InvalidPropertyValue PropertyName=exitConditions"),
            "{rejected}"
        );
        assert_eq!(world.post("/jobs/j/tasks", &task).await.status, 201);
        world.until_started("t1").await;
        fake_tasks.end("t1", code);
        assert_eq!(world.until_ended("t1").await, code);
        assert_eq!(world.job("j").await["state"], expected, "after {code}");
    }
}
