//! Sessions, messages and the tokens of agents.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{World, settle};

#[tokio::test(start_paused = true)]
async fn an_agent_has_one_session_until_it_stops_polling() {
    let mut world = World::new();
    let agent = world.online("az-1", json!({ "gpu": "1" })).await;
    let body = json!({ "ownerName": "OTHER", "agent": { "id": agent.id, "name": "az-1" } });
    let (status, answer) = world.call_as(&agent, Method::POST, "sessions", body.clone()).await;
    assert_eq!((status, &answer["typeKey"]), (409, &json!("TaskAgentSessionConflictException")));
    let text = "The task agent az-1 already has an active session for owner HOST.";
    assert_eq!(answer["message"], text);
    let polled = world.message(&agent, 0).await;
    assert_eq!(polled, Value::Null, "a poll without a message has no body");
    tokio::time::sleep(Duration::from_secs(301)).await;
    let path = format!("messages?sessionId={}", agent.session);
    let (status, answer) = world.call_as(&agent, Method::GET, &path, Value::Null).await;
    assert_eq!((status, &answer["typeKey"]), (404, &json!("TaskAgentSessionExpiredException")));
    assert_eq!(world.call_as(&agent, Method::POST, "sessions", body).await.0, 200);
    insta::assert_snapshot!(world.events().join("\n"), @r#"
    AgentRegistered { agent: "az-1" }
    AgentOnline { agent: "az-1" }
    AgentOffline { agent: "az-1" }
    AgentOnline { agent: "az-1" }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_offered_until_it_is_deleted() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    let first = world.message(&agent, 0).await;
    let body: Value = serde_json::from_str(first["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["requestId"], request);
    let id = first["messageId"].as_u64().unwrap();
    let keep_alive = world.message(&agent, 0).await;
    assert_eq!(keep_alive["messageId"], id);
    assert_eq!(world.message(&agent, id).await, Value::Null);
    let path = format!("messages/{id}?sessionId={}", agent.session);
    assert_eq!(world.call_as(&agent, Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(world.message(&agent, 0).await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_with_the_message_for_which_it_waits() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let start = world.clock.now();
    let queue = async {
        settle().await;
        world.queue();
    };
    let (message, ()) = tokio::join!(world.message(&agent, 0), queue);
    assert_eq!(message["messageType"], "PipelineAgentJobRequest");
    assert_eq!(world.clock.now(), start);
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_cancelled_by_a_message() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    world.renew(&agent, request).await;
    let known = world.pipelines.request(request).unwrap();
    assert!(world.pipelines.cancel_run(known.run));
    let message = world.message(&agent, 1).await;
    assert_eq!(message["messageType"], "JobCancellation");
    let body: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({ "jobId": known.job_id, "timeout": "00:05:00" }));
    assert_eq!(world.pipelines.request(request).unwrap().result, None);
}

#[tokio::test(start_paused = true)]
async fn an_agent_of_another_version_is_updated_if_its_pool_says_so() {
    for (auto_update, expected) in [(true, "AgentRefresh"), (false, "")] {
        let world = World::with(|options| options.agent_version = "4.275.0".to_owned());
        let change = json!({ "autoUpdate": auto_update });
        world.api(Method::PATCH, "distributedtask/pools/1", change).await;
        let agent = world.online("az-1", json!({})).await;
        let message = world.message(&agent, 0).await;
        assert_eq!(message["messageType"].as_str().unwrap_or_default(), expected);
    }
}

#[tokio::test]
async fn a_removed_agent_is_not_found_by_its_own_token() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    assert!(world.pipelines.remove_agent("az-1"));
    let path = format!("messages?sessionId={}", agent.session);
    let (status, body) = world.call_as(&agent, Method::GET, &path, Value::Null).await;
    assert_eq!((status, &body["typeKey"]), (404, &json!("TaskAgentNotFoundException")));
}

#[tokio::test]
async fn an_assertion_that_is_not_signed_by_a_known_agent_is_a_negative_answer() {
    let world = World::new();
    let id = world.register("az-1", json!({})).await;
    let agent = world.get(&format!("distributedtask/pools/1/agents/{id}")).await;
    let client = agent["authorization"]["clientId"].as_str().unwrap();
    let url = agent["authorization"]["authorizationUrl"].as_str().unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = world.clock.now().timestamp();
    let ask = async |client: &str, grant: &str| {
        let claims = json!({ "iss": client, "sub": client, "aud": url, "nbf": now, "exp": now + 300, "jti": "1" });
        let jwt = format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(&claims));
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        form.append_pair("grant_type", grant).append_pair("client_assertion_type", kind);
        let form = form.append_pair("client_assertion", &jwt).finish();
        let request = http::Request::post(url).body(Bytes::from(form)).unwrap();
        let (status, body) = world.call(request).await;
        format!("{status} {}", body["error"])
    };
    assert_eq!(ask(client, "client_credentials").await, "400 \"invalid_client\"");
    assert_eq!(ask("unknown", "client_credentials").await, "400 \"invalid_client\"");
    assert_eq!(ask(client, "password").await, "400 \"unsupported_grant_type\"");
}
