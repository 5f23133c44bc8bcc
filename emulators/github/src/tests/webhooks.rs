//! Webhooks of jobs.

use http::{Method, StatusCode};
use serde_json::Value;

use super::{Receiver, TOKEN, World};
use crate::{Gate, NewJob, Options, Scope, signature_256};
use emulator_core::events::EventKind;
use emulator_core::service::{Listening, Request};

const SECRET: &str = "It's a Secret to Everybody";

async fn add_receiver(world: &World, statuses: &[u16]) -> (std::sync::Arc<Receiver>, Listening) {
    let (receiver, listening) = Receiver::start(world, statuses).await;
    world.github.add_hook(&listening.url, SECRET, Scope::Organization("octo".to_owned()));
    (receiver, listening)
}

async fn wait_for_deliveries(world: &mut World, count: usize) {
    for _ in 0..count {
        world.wait_for(|event| matches!(event, EventKind::Delivered { .. })).await;
    }
}

fn actions(requests: &[Request]) -> Vec<String> {
    let lines = requests.iter().map(|request| {
        let payload: Value = serde_json::from_slice(request.body()).unwrap();
        let status = &payload["workflow_job"]["status"];
        format!("{} {}", payload["action"].as_str().unwrap(), status.as_str().unwrap())
    });
    lines.collect()
}

#[tokio::test]
async fn a_delivery_is_signed_and_has_githubs_headers() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    world.github.queue_job(NewJob::new("octo/app", &["self-hosted", "linux"]));
    wait_for_deliveries(&mut world, 1).await;
    let request = &receiver.received("workflow_job")[0];
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-hub-signature-256"), signature_256(SECRET, request.body()));
    let names = [
        "content-type",
        "user-agent",
        "x-github-delivery",
        "x-github-event",
        "x-github-hook-id",
        "x-github-hook-installation-target-id",
        "x-github-hook-installation-target-type",
    ];
    let shown: Vec<String> = names.iter().map(|name| format!("{name}: {}", header(name))).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    content-type: application/json
    user-agent: GitHub-Hookshot/044aadd
    x-github-delivery: a61ceaa8-c60d-4c65-b158-a30209256e35
    x-github-event: workflow_job
    x-github-hook-id: 600000001
    x-github-hook-installation-target-id: 9000001
    x-github-hook-installation-target-type: organization
    ");
    let payload: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(payload["organization"]["login"], "octo");
    assert_eq!(payload["workflow_job"]["labels"], serde_json::json!(["self-hosted", "linux"]));
    assert_eq!(receiver.received("ping").len(), 1);
}

#[tokio::test]
async fn a_users_repository_has_no_organization_webhook() {
    let mut options = Options::new(TOKEN, 1);
    options.personal_accounts.insert("octo".to_owned());
    let mut world = World::with(options).await;
    let (of_organization, _first) = add_receiver(&world, &[]).await;
    let (of_repository, listening) = Receiver::start(&world, &[]).await;
    world.github.add_hook(&listening.url, SECRET, Scope::Repository("octo/app".to_owned()));
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    wait_for_deliveries(&mut world, 1).await;
    assert!(of_organization.received("workflow_job").is_empty());
    let payload: Value =
        serde_json::from_slice(of_repository.received("workflow_job")[0].body()).unwrap();
    assert!(payload.get("organization").is_none());
    assert_eq!(payload["repository"]["owner"]["type"], "User");
}

#[tokio::test]
async fn the_events_of_a_job_have_its_null_fields() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    let nulls = vec!["/workflow_job/labels".to_owned(), "/organization".to_owned()];
    world.github.queue_job(NewJob { nulls, ..NewJob::new("octo/app", &["linux"]) });
    wait_for_deliveries(&mut world, 1).await;
    let payload: Value =
        serde_json::from_slice(receiver.received("workflow_job")[0].body()).unwrap();
    assert!(payload["workflow_job"]["labels"].is_null());
    assert_eq!(payload.get("organization"), Some(&Value::Null));
    assert_eq!(payload["repository"]["full_name"], "octo/app");
}

#[tokio::test]
async fn a_redelivery_keeps_guid_and_payload() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    wait_for_deliveries(&mut world, 1).await;
    assert_eq!(world.github.redeliver(job).len(), 1);
    wait_for_deliveries(&mut world, 1).await;
    let got = receiver.received("workflow_job");
    assert_eq!(got[0].headers()["x-github-delivery"], got[1].headers()["x-github-delivery"]);
    assert_eq!(got[0].body(), got[1].body());
}

#[tokio::test]
async fn a_gated_job_sends_queued_twice() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    let mut new = NewJob::new("octo/app", &["linux"]);
    new.gate = Gate::WaitingFirst;
    let job = world.github.queue_job(new);
    assert!(world.github.approve(job));
    assert!(!world.github.approve(job), "the gate is open");
    wait_for_deliveries(&mut world, 3).await;
    let actions = actions(&receiver.received("workflow_job"));
    assert_eq!(actions, ["queued waiting", "waiting waiting", "queued queued"]);
}

#[tokio::test]
async fn a_payload_may_not_show_the_gate_yet() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    let mut new = NewJob::new("octo/app", &["linux"]);
    new.gate = Gate::QueuedThenGated;
    let job = world.github.queue_job(new);
    wait_for_deliveries(&mut world, 1).await;
    let shown = world.get(&format!("/repos/octo/app/actions/jobs/{job}")).await;
    assert_eq!(shown.body()["status"], "waiting");
    world.github.approve(job);
    wait_for_deliveries(&mut world, 1).await;
    assert_eq!(actions(&receiver.received("workflow_job")), ["queued queued", "queued queued"]);
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_only_on_request() {
    let mut world = World::start().await;
    let (receiver, listening) = Receiver::start(&world, &[200, 503]).await;
    let scope = Scope::Organization("octo".to_owned());
    let hook = world.github.add_hook(&listening.url, SECRET, scope);
    world.github.until(|github| github.deliveries()[0].outcome.clone()).await;
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    wait_for_deliveries(&mut world, 1).await;
    let path = format!("/orgs/octo/hooks/{hook}/deliveries");
    let failed = world.get(&format!("{path}?status=failure")).await.into_body();
    let shown = format!("{} {} {}", failed[0]["status"], failed[0]["event"], failed[0]["action"]);
    assert_eq!(shown, r#""Invalid HTTP Response: 503" "workflow_job" "queued""#);
    let again = format!("{path}/{}/attempts", failed[0]["id"]);
    let response = world.api(Method::POST, &again, Value::Null).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    wait_for_deliveries(&mut world, 1).await;
    let latest = world.get(&format!("{path}?per_page=1")).await;
    assert_eq!(latest.body()[0]["redelivery"], true);
    assert_eq!(latest.body()[0]["guid"], failed[0]["guid"]);
    assert!(latest.headers()["link"].to_str().unwrap().contains("cursor="));
    assert_eq!(receiver.received("workflow_job").len(), 2);
}

#[tokio::test]
async fn an_unreachable_webhook_is_a_failed_delivery() {
    let mut world = World::start().await;
    let scope = Scope::Repository("octo/app".to_owned());
    world.github.add_hook("http://127.0.0.1:1/", SECRET, scope);
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    wait_for_deliveries(&mut world, 1).await;
    let outcome = world.github.deliveries().pop().unwrap().outcome.unwrap();
    assert_eq!((outcome.status_code, outcome.status.as_str()), (502, "failed to connect to host"));
}

#[tokio::test]
async fn no_webhook_is_sent_for_a_silent_job() {
    let mut world = World::start().await;
    let (receiver, _listening) = add_receiver(&world, &[]).await;
    let mut new = NewJob::new("octo/app", &["linux"]);
    new.silent = true;
    world.github.queue_job(new);
    world.github.queue_job(NewJob::new("octo/app", &["gpu"]));
    wait_for_deliveries(&mut world, 1).await;
    assert_eq!(receiver.received("workflow_job").len(), 1);
}
