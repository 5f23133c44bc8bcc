use serde_json::{Value, json};

use super::fake_task::FakeTasks;
use super::world::World;

/// Reads all pages of a list and joins the ids of each.
async fn pages(world: &World, path: &str) -> Vec<String> {
    let mut pages = Vec::new();
    let mut answer = world.get(path).await.json();
    loop {
        let items = answer["value"].as_array().unwrap().clone();
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        pages.push(ids.join(" "));
        let Some(link) = answer["odata.nextLink"].as_str() else { return pages };
        let target = link.strip_prefix(&world.listening.url).unwrap();
        let target = target.replace("&api-version=2025-06-01", "");
        let target = target.replace("api-version=2025-06-01&", "");
        answer = world.get(&target).await.json();
    }
}

#[tokio::test]
async fn lists_have_pages_that_can_be_followed() {
    let world = World::start(FakeTasks::default(), 3).await;
    for id in ["gh-2", "gh-1", "GH-3", "other"] {
        world.add(json!({ "id": id, "commandLine": "x", "requiredSlots": 9 })).await;
        world.post("/jobs", &json!({ "id": id, "poolInfo": { "poolId": "p" } })).await;
    }
    let tasks = "/jobs/runners/tasks";
    assert_eq!(pages(&world, tasks).await, ["gh-1 gh-2 GH-3 other"]);
    assert_eq!(pages(&world, &format!("{tasks}?maxresults=3")).await, ["gh-1 gh-2 GH-3", "other"]);
    assert_eq!(pages(&world, &format!("{tasks}?maxresults=2")).await, ["gh-1 gh-2", "GH-3 other"]);
    let filter = "$filter=startswith(id,%20'gh-')%20and%20state%20eq%20'active'";
    assert_eq!(pages(&world, &format!("{tasks}?{filter}&maxresults=1")).await, ["gh-1", "gh-2"]);
    let jobs = pages(&world, "/jobs?maxresults=4").await;
    assert_eq!(jobs, ["gh-1 gh-2 GH-3 other", "runners"]);
    let nodes = pages(&world, "/pools/ubuntu/nodes?maxresults=2").await;
    assert_eq!(nodes, ["tvm-ubuntu-1 tvm-ubuntu-2", "tvm-ubuntu-3"]);
    assert_eq!(pages(&world, "/pools").await, ["ubuntu"]);
}

#[tokio::test]
async fn a_list_shows_what_is_selected() {
    let world = World::start(FakeTasks::default(), 0).await;
    world.add(json!({ "id": "t1", "commandLine": "x" })).await;
    let list = world.get("/jobs/runners/tasks?$select=id,state").await.json();
    assert_eq!(list["value"], json!([{ "id": "t1", "state": "active" }]));
}

#[tokio::test]
async fn an_invalid_query_is_rejected_with_its_code() {
    let world = World::start(FakeTasks::default(), 0).await;
    let cases = [
        ("maxresults=0", "InvalidQueryParameterValue"),
        ("maxresults=1001", "InvalidQueryParameterValue"),
        ("$select=id,status", "InvalidQueryParameterValue"),
        ("$filter=status%20eq%20'active'", "InvalidQueryParameterValue"),
        ("$selct=id", "UnsupportedQueryParameter"),
    ];
    for (query, code) in cases {
        let answer = world.get(&format!("/jobs/runners/tasks?{query}")).await;
        assert!(answer.error().starts_with(&format!("400 {code} ")), "{query}: {}", answer.error());
    }
}

#[tokio::test]
async fn a_pool_and_its_nodes_can_be_read() {
    let mut world = World::start(FakeTasks::default(), 2).await;
    world.add_runner("t1").await;
    world.until_started("t1").await;
    let pool = world.get("/pools/ubuntu").await.json();
    let shown =
        [&pool["allocationState"], &pool["currentDedicatedNodes"], &pool["taskSlotsPerNode"]];
    assert_eq!(shown, [&json!("steady"), &json!(2), &json!(1)]);
    let nodes = world.get("/pools/ubuntu/nodes").await.json()["value"].clone();
    let nodes: Vec<_> = nodes.as_array().unwrap().iter().map(node).collect();
    assert_eq!(nodes, [("running".to_owned(), json!(1)), ("idle".to_owned(), json!(0))]);
    let idle = world.get("/pools/ubuntu/nodes?$filter=state%20eq%20'idle'").await.json();
    assert_eq!(idle["value"].as_array().unwrap().len(), 1);
    assert_eq!(world.send("HEAD", "/pools/ubuntu", &[], "").await.status, 200);
    assert_eq!(world.send("HEAD", "/pools/none", &[], "").await.status, 404);
    assert_eq!(world.get("/pools/none").await.error(), "404 PoolNotFound");
    assert_eq!(world.get("/pools/ubuntu/nodes/none").await.error(), "404 NodeNotFound");
}

fn node(node: &Value) -> (String, Value) {
    (node["state"].as_str().unwrap().to_owned(), node["runningTasksCount"].clone())
}
