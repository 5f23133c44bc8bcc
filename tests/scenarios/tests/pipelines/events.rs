//! Events of the service hook, and jobs whose events are lost, doubled or late.

use azure_pipelines_emulator::{
    DeliveryFault, NewJob, Pipelines, TaskResult, subscription_to_jobs,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use emulator_core::faults::Effect;
use serde_json::{Value, json};

use super::{PASSWORD, TOKEN, World, job};

impl World {
    /// Subscribes to the events of all jobs of the project.
    pub(super) async fn subscribe(&self) {
        let project = self.pipelines.add_project(super::PROJECT);
        let host = &self.env.deployment;
        let url = format!(
            "{}/api/ProvidePipelinesAgent?code={}",
            host.ports.functions.url, host.function_key
        );
        let body = subscription_to_jobs(&project, &url, PASSWORD);
        let hooks = format!("{}/contoso/_apis/hooks/subscriptions?api-version=7.1", self.url());
        let client = handler::transport::http_client(None).expect("a client");
        let sent = client.post(hooks).basic_auth("", Some(TOKEN)).json(&body).send().await;
        let response = sent.expect("a response");
        let status = response.status();
        assert!(status.is_success(), "{status} {}", response.text().await.unwrap_or_default());
    }

    /// Sends an event as a subscription does.
    async fn send(&self, authorization: Option<&str>, body: Vec<u8>) -> String {
        let host = &self.env.deployment;
        let url = format!(
            "{}/api/ProvidePipelinesAgent?code={}",
            host.ports.functions.url, host.function_key
        );
        let client = handler::transport::http_client(None).expect("a client");
        let mut request = client.post(url).body(body);
        if let Some(password) = authorization {
            let pair = BASE64_STANDARD.encode(format!("mayfly:{password}"));
            request = request.header("authorization", format!("Basic {pair}"));
        }
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let body: Value =
            serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default();
        let text = body["decision"].as_str().or(body["error"].as_str()).unwrap_or_default();
        format!("{status} {text}")
    }
}

fn event(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut event = json!({
        "eventType": "ms.vss-pipelines.job-state-changed-event",
        "resourceVersion": "5.1-preview.1",
        "resource": { "job": { "id": "15b95994", "state": "waiting" }, "run": { "id": 1 } },
    });
    change(&mut event);
    event.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_serves_a_job_at_once() {
    let mut world = World::start().await;
    world.subscribe().await;
    let request = world.queue();
    let served = world.until_done(request).await;
    assert_eq!(served.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    world.settle().await;
    assert_eq!(world.agents(), "mayfly-gh-az");
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_event_is_lost_is_found() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.pipelines.inject_delivery_fault(DeliveryFault::Lost, 1);
    let request = world.queue();
    let done = world.run().await;
    assert!(done.contains(&format!("task gh-az-{request} added")), "{done}");
    world.until_done(request).await;
    world.end_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_event_is_early_is_found() {
    let mut world = World::start().await;
    world.subscribe().await;
    let request = world.pipelines.queue_job(NewJob { listed_after_ms: 60_000, ..job() }).request();
    let is_delivered = |known: &Pipelines| known.notifications().first()?.statuses.first().copied();
    assert_eq!(world.pipelines.until(is_delivered).await, 202);
    world.env.until_no_message().await;
    assert_eq!(world.run().await, "agents: nothing to change");
    world.env.advance_minutes(1);
    let done = world.run().await;
    assert!(done.contains(&format!("task gh-az-{request} added")), "{done}");
    world.until_done(request).await;
    world.end_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_and_late_events_make_one_agent_per_job() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.pipelines.inject_delivery_fault(DeliveryFault::Doubled, 3);
    world.pipelines.inject_delivery_fault(DeliveryFault::Delayed { seconds: 1 }, 3);
    let requests: Vec<u64> = (0..4).map(|_| world.queue()).collect();
    // The timer runs at the same time as the events.
    world.run().await;
    for request in &requests {
        world.until_done(*request).await;
    }
    world.until_tasks_ended().await;
    world.settle().await;
    assert_eq!(world.agents(), "mayfly-gh-az");
    assert_eq!(world.tasks().split(", ").count(), requests.len(), "{}", world.tasks());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_answer() {
    let world = World::start().await;
    let right = Some(PASSWORD);
    let mut answers = Vec::new();
    let cases: [(&str, Option<&str>, Vec<u8>); 8] = [
        ("a job waits", right, event(|_| {})),
        ("no password", None, event(|_| {})),
        ("wrong password", Some("a-password-of-others"), event(|_| {})),
        ("another event", right, event(|it| it["eventType"] = "git.push".into())),
        ("another version", right, event(|it| it["resourceVersion"] = "9.0".into())),
        ("no resource", right, event(|it| it["resource"] = Value::Null)),
        ("no JSON", right, b"<html>".to_vec()),
        ("too large", right, vec![b' '; (1 << 20) + 1]),
    ];
    for (name, password, body) in cases {
        answers.push(format!("{name}: {}", world.send(password, body).await));
    }
    insta::assert_snapshot!(answers.join("\n"), @r"
    a job waits: 202 accepted
    no password: 401 the event is not authenticated: set the password of setting AzureDevOpsHookPassword in the subscription
    wrong password: 401 the event is not authenticated: set the password of setting AzureDevOpsHookPassword in the subscription
    another event: 200 ignored
    another version: 200 ignored
    no resource: 200 ignored
    no JSON: 200 ignored
    too large: 202 dropped
    ");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_retried_for_two_minutes_only() {
    let world = World::start().await;
    let faults = &world.env.deployment.queues.faults;
    let fail = || faults.inject("PutMessage", 4, Effect::Fail { status: 503, retry_after: None });
    fail();
    assert!(world.send(Some(PASSWORD), event(|_| {})).await.starts_with("503 "));
    world.env.advance_minutes(3);
    fail();
    assert_eq!(world.send(Some(PASSWORD), event(|_| {})).await, "202 dropped");
    assert_eq!(world.send(Some(PASSWORD), event(|_| {})).await, "202 accepted");
    world.end().await;
}
