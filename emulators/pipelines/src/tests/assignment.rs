//! Assignment, locks and their expiry in virtual time.

use std::time::Duration;

use serde_json::{Value, json};

use super::{World, settle};
use crate::{Options, Unacknowledged};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_acknowledged_job_is_abandoned_when_its_lock_expires() {
    let mut world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    let (_, body) = world.renew(&agent, request).await;
    assert_eq!(body["lockedUntil"], "2026-11-29T11:30:20Z");
    tokio::time::sleep(8 * MINUTE).await;
    let (_, body) = world.renew(&agent, request).await;
    assert_eq!(body["lockedUntil"], "2026-11-29T11:33:20Z");
    tokio::time::sleep(6 * MINUTE).await;
    let (status, body) = world.renew(&agent, request).await;
    assert_eq!((status, &body["typeKey"]), (401, &json!("TaskAgentJobTokenExpiredException")));
    insta::assert_snapshot!(world.events().join("\n"), @r#"
    AgentRegistered { agent: "az-1" }
    AgentOnline { agent: "az-1" }
    Queued { request: 890001 }
    Assigned { request: 890001, agent: "az-1" }
    Started { request: 890001, agent: "az-1" }
    AgentOffline { agent: "az-1" }
    Done { request: 890001, result: "abandoned" }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_its_agent_never_acknowledges_waits_again() {
    let mut world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    let path = format!("sessions/{}", agent.session);
    world.call_as(&agent, http::Method::DELETE, &path, Value::Null).await;
    let other = world.online("az-2", json!({})).await;
    tokio::time::sleep(4 * MINUTE).await;
    assert_eq!(world.pipelines.request(request).unwrap().agent.as_deref(), Some("az-1"));
    // The other agent polls, so that its session lasts.
    world.message(&other, 0).await;
    tokio::time::sleep(MINUTE).await;
    settle().await;
    insta::assert_snapshot!(world.events().join("\n"), @r#"
    AgentRegistered { agent: "az-1" }
    AgentOnline { agent: "az-1" }
    Queued { request: 890001 }
    Assigned { request: 890001, agent: "az-1" }
    AgentOffline { agent: "az-1" }
    AgentRegistered { agent: "az-2" }
    AgentOnline { agent: "az-2" }
    Requeued { request: 890001, agent: "az-1" }
    Assigned { request: 890001, agent: "az-2" }
    "#);
}

#[tokio::test(start_paused = true)]
async fn the_service_may_abandon_what_was_never_acknowledged() {
    let world =
        World::with(|options: &mut Options| options.unacknowledged = Unacknowledged::Abandoned);
    world.online("az-1", json!({})).await;
    let request = world.queue();
    tokio::time::sleep(6 * MINUTE).await;
    let result = world.pipelines.request(request).unwrap().result;
    assert_eq!(result, Some(crate::TaskResult::Abandoned));
}

#[tokio::test]
async fn a_disabled_an_updating_and_an_offline_agent_get_no_job() {
    let world = World::new();
    let agent = world.online("az-1", json!({})).await;
    let path = format!("distributedtask/pools/1/agents/{}", agent.id);
    let disable = json!({ "id": agent.id, "enabled": false });
    world.api(http::Method::PATCH, &path, disable).await;
    let request = world.queue();
    let agent_of = |request| world.pipelines.request(request).unwrap().agent;
    assert_eq!(agent_of(request), None);
    world.pipelines.update_agent("az-1", "4.275.0");
    let enable = json!({ "id": agent.id, "enabled": true });
    world.api(http::Method::PATCH, &path, enable).await;
    assert_eq!(agent_of(request), None);
    world.pipelines.end_session("az-1");
    assert_eq!(agent_of(request), None);
    world.open_session(agent.id, "az-1", json!({})).await;
    assert_eq!(agent_of(request).as_deref(), Some("az-1"));
}

#[tokio::test]
async fn an_agent_that_announced_its_end_gets_no_second_job() {
    for heeds in [true, false] {
        let world = World::with(|options: &mut Options| options.heeds_shutting_down = heeds);
        let agent = world.online("az-1", json!({})).await;
        let (first, second) = (world.queue(), world.queue());
        world.renew(&agent, first).await;
        world.pipelines.step(|state, now| {
            state.complete(agent.id, first, crate::TaskResult::Succeeded, true, now).unwrap();
        });
        let has_agent = world.pipelines.request(second).unwrap().agent.is_some();
        assert_eq!(has_agent, !heeds);
    }
}
