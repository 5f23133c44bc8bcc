//! Registration, change and removal of agents.

use http::Method;
use serde_json::{Value, json};

use super::{World, new_agent};

const AGENTS: &str = "distributedtask/pools/1/agents";

#[tokio::test]
async fn a_registration_answers_what_an_agent_needs() {
    let world = World::new();
    let (status, body) =
        world.api(Method::POST, AGENTS, new_agent("az-1", json!({ "gpu": "1" }))).await;
    assert_eq!(status, 200);
    assert_eq!((&body["status"], &body["enabled"]), (&json!("offline"), &json!(true)));
    let url = &body["authorization"]["authorizationUrl"];
    assert!(url.as_str().unwrap().starts_with("http://devops.test/contoso/_apis/oauth2/token/"));
    let server = &body["properties"]["ServerUrl"];
    assert_eq!(server["$value"], "http://devops.test/contoso/");
    assert_eq!(body["authorization"]["publicKey"]["exponent"], "AQAB");
    let listed = world.get(&format!("{AGENTS}?agentName=AZ-1&includeCapabilities=true")).await;
    assert_eq!(listed["count"], 1);
    assert_eq!(listed["value"][0]["systemCapabilities"], json!({ "gpu": "1" }));
    let bare = world.get(AGENTS).await;
    assert_eq!(bare["value"][0]["systemCapabilities"], Value::Null);
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_pool_and_replaced_under_its_id() {
    let world = World::new();
    let id = world.register("az-1", json!({})).await;
    let (status, body) = world.api(Method::POST, AGENTS, new_agent("AZ-1", json!({}))).await;
    assert_eq!((status, &body["typeKey"]), (409, &json!("TaskAgentExistsException")));
    let former = world.get(&format!("{AGENTS}/{id}")).await;
    let path = format!("{AGENTS}/{id}");
    let (status, body) = world.api(Method::PUT, &path, new_agent("az-1", json!({}))).await;
    assert_eq!((status, &body["id"]), (200, &json!(id)));
    assert_ne!(body["authorization"]["clientId"], former["authorization"]["clientId"]);
}

#[tokio::test]
async fn an_agent_with_a_job_is_disabled_but_not_deleted() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    assert_eq!(world.renew(&agent, request).await.0, 200);
    let path = format!("{AGENTS}/{}", agent.id);
    let body = json!({ "id": agent.id, "name": "az-1", "enabled": false });
    let (status, body) = world.api(Method::PATCH, &path, body).await;
    assert_eq!((status, &body["enabled"]), (200, &json!(false)));
    let (status, body) = world.api(Method::DELETE, &path, Value::Null).await;
    assert_eq!((status, &body["typeKey"]), (400, &json!("TaskAgentJobStillRunningException")));
    assert_eq!(body["message"], "Agent \"az-1\" is running a job for pool \"1\"");
    let with_job = world.get(&format!("{path}?includeAssignedRequest=true")).await;
    assert_eq!(with_job["assignedRequest"]["requestId"], request);
    assert_eq!(world.finish(&agent, request).await.0, 200);
    let done = world.get(&format!("{path}?includeLastCompletedRequest=true")).await;
    assert_eq!(done["lastCompletedRequest"]["result"], "succeeded");
    assert_eq!(world.api(Method::DELETE, &path, Value::Null).await.0, 204);
    let (status, body) = world.api(Method::GET, &path, Value::Null).await;
    assert_eq!((status, &body["typeKey"]), (404, &json!("TaskAgentNotFoundException")));
}

#[tokio::test]
async fn user_capabilities_are_replaced_as_a_flat_object() {
    let world = World::new();
    let id = world.register("az-1", json!({ "os": "linux" })).await;
    let path = format!("{AGENTS}/{id}/usercapabilities");
    let (status, body) = world.api(Method::PUT, &path, json!({ "gpu": "A100" })).await;
    assert_eq!(status, 200);
    assert_eq!(body["userCapabilities"], json!({ "gpu": "A100" }));
    let found = world.get(&format!("{AGENTS}?demands=gpu,os%20-equals%20Linux")).await;
    assert_eq!(found["count"], 1);
    assert_eq!(world.get(&format!("{AGENTS}?demands=fpga")).await["count"], 0);
}

#[tokio::test]
async fn a_pool_is_found_by_its_name_and_its_updates_are_switched_off() {
    let world = World::new();
    let found = world.get("distributedtask/pools?poolName=Linux&poolType=Automation").await;
    assert_eq!(found["value"][0]["id"], 1);
    assert_eq!(found["value"][0]["autoUpdate"], true);
    assert_eq!(world.get("distributedtask/pools?poolName=windows").await["count"], 0);
    let change = json!({ "autoUpdate": false });
    let (status, body) = world.api(Method::PATCH, "distributedtask/pools/1", change).await;
    assert_eq!((status, &body["autoUpdate"]), (200, &json!(false)));
    let (status, body) = world.api(Method::GET, "distributedtask/pools/9", Value::Null).await;
    assert_eq!((status, &body["typeKey"]), (404, &json!("TaskAgentPoolNotFoundException")));
}
