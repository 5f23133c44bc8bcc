//! Headers of responses, in the forms of recordings of the service.

use serde_json::{Value, json};

use super::fake_task::FakeTasks;
use super::http_client::Answer;
use super::world::World;

#[tokio::test]
async fn a_created_resource_has_a_location() {
    let world = World::start(FakeTasks::default(), 0).await;
    let machine = json!({
        "imageReference": { "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" },
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
    });
    let pool =
        json!({ "id": "p", "vmSize": "standard_d2s_v5", "virtualMachineConfiguration": machine });
    let cases = [
        ("/pools", pool, "/pools/p"),
        ("/jobs", json!({ "id": "j", "poolInfo": { "poolId": "p" } }), "/jobs/j"),
        ("/jobs/j/tasks", json!({ "id": "t", "commandLine": "x" }), "/jobs/j/tasks/t"),
    ];
    for (path, body, resource) in cases {
        let added = world.post(path, &body).await;
        assert_eq!(added.status, 201, "{added:?}");
        let url = format!("{}{resource}", world.listening.url);
        assert_eq!((added.header("location"), added.header("dataserviceid")), (&*url, &*url));
        let shown = world.get(resource).await;
        assert_eq!(added.header("etag"), shown.json()["eTag"]);
        assert_eq!(shown.header("etag"), shown.json()["eTag"]);
        assert_eq!(shown.header("location"), "");
    }
}

#[tokio::test]
async fn an_action_is_named_by_its_own_url() {
    let world = World::start(FakeTasks::default(), 0).await;
    let resize = json!({ "targetDedicatedNodes": 0 });
    for (path, body) in [
        ("/pools/ubuntu/resize", resize),
        (
            "/pools/ubuntu/enableautoscale",
            json!({ "autoScaleFormula": "$TargetDedicatedNodes = 0" }),
        ),
        ("/jobs/runners/disable", json!({ "disableTasks": "wait" })),
    ] {
        let done = world.post(path, &body).await;
        assert!(done.status < 300, "{done:?}");
        assert_eq!(done.header("dataserviceid"), format!("{}{path}", world.listening.url));
        assert_eq!(done.header("location"), "");
    }
}

#[tokio::test]
async fn conditions_take_etags_with_quotes_and_without() {
    let world = World::start(FakeTasks::default(), 0).await;
    let etag = world.get("/jobs/runners").await.header("etag").to_owned();
    let get = async |name: &str, value: &str| {
        world.send("GET", "/jobs/runners", &[(name, value)], "").await.status
    };
    let quoted = format!("\"{etag}\"");
    for tag in [&etag, &quoted, &format!("W/{quoted}"), &format!("\"other\", {quoted}"), "*"] {
        assert_eq!(get("if-match", tag).await, 200, "{tag}");
        assert_eq!(get("if-none-match", tag).await, 304, "{tag}");
    }
    for tag in ["0x8D0000000000000", "\"0x8D0000000000000\""] {
        assert_eq!(get("if-match", tag).await, 412, "{tag}");
        assert_eq!(get("if-none-match", tag).await, 200, "{tag}");
    }
}

#[tokio::test]
async fn a_client_request_id_is_returned_only_if_requested() {
    let world = World::start(FakeTasks::default(), 0).await;
    let id = "9c4d50ee-2d56-4cd3-8152-34347dc9f2b0";
    let returned = async |wanted: Option<&str>, path: &str| {
        let mut headers = vec![("client-request-id", id)];
        headers.extend(wanted.map(|wanted| ("return-client-request-id", wanted)));
        let answer: Answer = world.send("GET", path, &headers, "").await;
        assert_eq!(answer.header("request-id").len(), 36, "{answer:?}");
        assert_eq!(answer.header("dataserviceversion"), "3.0");
        answer.header("client-request-id").to_owned()
    };
    for path in ["/jobs/runners", "/jobs/none"] {
        assert_eq!(returned(Some("true"), path).await, id);
        assert_eq!(returned(Some("True"), path).await, id);
        assert_eq!(returned(Some("false"), path).await, "");
        assert_eq!(returned(None, path).await, "");
    }
}

#[tokio::test]
async fn each_added_task_of_a_collection_has_its_etag() {
    let world = World::start(FakeTasks::default(), 0).await;
    let tasks = json!({ "value": [{ "id": "a", "commandLine": "x" }] });
    let answer = world.post("/jobs/runners/addtaskcollection", &tasks).await;
    let result: Value = answer.json()["value"][0].clone();
    assert_eq!(result["status"], "Success");
    assert_eq!(result["eTag"], world.task("a").await["eTag"]);
    let url = format!("{}/jobs/runners/tasks/a", world.listening.url);
    assert_eq!(result["location"], url);
}
