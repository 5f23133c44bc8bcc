//! Service hooks: events, filters, and the policy for failures.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{World, settle};
use crate::{DeliveryFault, NewJob, SubscriptionStatus};

const SUBSCRIPTIONS: &str = "hooks/subscriptions";

fn subscription(project: &str, more: Value) -> Value {
    let url = "https://mayfly.test/api/ProvidePipelinesAgent?code=k";
    let mut body = crate::subscription_to_jobs(project, url, "secret");
    body["consumerInputs"]["httpHeaders"] = "X-Mayfly:one\nX-Other: two".into();
    for (name, value) in more.as_object().into_iter().flatten() {
        body["publisherInputs"][name] = value.clone();
    }
    body
}

/// Subscribes to the events of project `shop`; returns the id of the subscription.
async fn subscribe(world: &World, filters: Value) -> String {
    let project = world.pipelines.add_project("shop");
    let body = subscription(&project, filters);
    let (status, body) = world.api(Method::POST, SUBSCRIPTIONS, body).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

fn states(world: &World) -> Vec<String> {
    let received = world.received.lock().unwrap();
    let line = |request: &emulator_core::service::Request| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let job = &body["resource"]["job"];
        format!("{} {}", job["state"], job["result"])
    };
    received.iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_sends_its_three_states_with_basic_authentication() {
    let world = World::new();
    subscribe(&world, json!({})).await;
    let agent = world.online("az-1", json!({})).await;
    let request = world.queue();
    settle().await;
    world.renew(&agent, request).await;
    settle().await;
    world.finish(&agent, request).await;
    settle().await;
    let expected = [r#""waiting" null"#, r#""inProgress" null"#, r#""completed" "succeeded""#];
    assert_eq!(states(&world), expected);
    let received = world.received.lock().unwrap();
    let headers = received[0].headers();
    assert_eq!(headers["authorization"], "Basic bWF5Zmx5OnNlY3JldA==");
    assert_eq!(
        (&headers["x-mayfly"], &headers["x-other"]),
        (&"one".parse().unwrap(), &"two".parse().unwrap())
    );
    let body: Value = serde_json::from_slice(received[0].body()).unwrap();
    let known = world.pipelines.request(request).unwrap();
    assert_eq!(body["resource"]["run"]["id"], known.run);
    assert_eq!(body["resource"]["job"]["id"], known.job_id);
    for absent in ["pool", "queue", "demands", "planId"] {
        assert_eq!(body["resource"][absent], Value::Null, "{absent}");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_choose_events() {
    let world = World::new();
    subscribe(&world, json!({ "jobStateId": "Completed", "jobResultId": "Rejected" })).await;
    world.pipelines.queue_job(NewJob::new("shop", "linux"));
    world.pipelines.queue_job(NewJob::new("other", "linux"));
    world.register("az-1", json!({})).await;
    let waiting = world.pipelines.queue_job(NewJob::new("shop", "linux"));
    assert!(matches!(waiting, crate::Queued::Waiting { .. }));
    settle().await;
    assert_eq!(states(&world), [r#""completed" "rejected""#]);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_repeated_for_three_minutes_and_then_enduring() {
    let world = World::new();
    let id = subscribe(&world, json!({})).await;
    world.register("az-1", json!({})).await;
    world.statuses.lock().unwrap().extend([503; 9]);
    let start = world.clock.now();
    world.queue();
    let mut seconds = Vec::new();
    for attempt in 1..=9 {
        let statuses = |world: &World| world.pipelines.notifications()[0].statuses.len();
        while statuses(&world) < attempt {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        seconds.push((world.clock.now() - start).num_seconds());
    }
    assert_eq!(seconds.last().unwrap() - seconds[0], 183);
    let known = &world.pipelines.subscriptions()[0];
    assert_eq!((&known.id, known.status), (&id, SubscriptionStatus::OnProbation));
}

#[tokio::test(start_paused = true)]
async fn probation_loses_events_until_its_notification_succeeds() {
    for status in [500, 429, 404, 401] {
        let mut world = World::new();
        subscribe(&world, json!({})).await;
        world.register("az-1", json!({})).await;
        world.events();
        world.statuses.lock().unwrap().extend([status, status]);
        world.queue();
        settle().await;
        let lost = world.queue();
        tokio::time::sleep(Duration::from_secs(21 * 60)).await;
        let known = world.pipelines.subscriptions();
        assert_eq!(known[0].status, SubscriptionStatus::OnProbation);
        tokio::time::sleep(Duration::from_secs(41 * 60)).await;
        assert_eq!(world.pipelines.subscriptions()[0].status, SubscriptionStatus::Enabled);
        assert_eq!(world.pipelines.notifications().len(), 1, "{lost} was lost");
        world.queue();
        settle().await;
        assert_eq!(world.pipelines.notifications()[1].statuses, [200]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probation_without_success_ends_disabled_after_36_hours() {
    let world = World::new();
    let id = subscribe(&world, json!({})).await;
    world.register("az-1", json!({})).await;
    world.statuses.lock().unwrap().extend([500; 8]);
    world.queue();
    tokio::time::sleep(Duration::from_secs(36 * 3600 - 60)).await;
    let status = async || world.get(&format!("{SUBSCRIPTIONS}/{id}")).await["status"].clone();
    assert_eq!(status().await, "onProbation");
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(status().await, "disabledBySystem");
    assert_eq!(world.pipelines.notifications()[0].statuses, [500; 8]);
}

#[tokio::test(start_paused = true)]
async fn a_410_disables_and_a_put_enables_with_the_password_it_carries() {
    let world = World::new();
    let id = subscribe(&world, json!({})).await;
    world.register("az-1", json!({})).await;
    world.statuses.lock().unwrap().push(410);
    world.queue();
    settle().await;
    let path = format!("{SUBSCRIPTIONS}/{id}");
    let mut read = world.get(&path).await;
    assert_eq!(read["status"], "disabledBySystem");
    assert_eq!(read["consumerInputs"]["basicAuthPassword"], "********");
    assert_eq!(read["consumerInputs"]["httpHeaders"], "X-Mayfly:one\nX-Other: two");
    read["status"] = json!("enabled");
    read["consumerInputs"]["basicAuthPassword"] = json!("rotated");
    let (status, body) = world.api(Method::PUT, &path, read).await;
    assert_eq!((status, &body["status"]), (200, &json!("enabled")));
    world.queue();
    settle().await;
    let received = world.received.lock().unwrap();
    assert_eq!(received[1].headers()["authorization"], "Basic bWF5Zmx5OnJvdGF0ZWQ=");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_with_blanks_or_without_a_project_is_rejected() {
    let world = World::new();
    let project = world.pipelines.add_project("shop");
    let status = async |change: fn(&mut Value)| {
        let mut body = subscription(&project, json!({}));
        change(&mut body);
        world.api(Method::POST, SUBSCRIPTIONS, body).await.0
    };
    assert_eq!(status(|_| {}).await, 200);
    assert_eq!(
        status(|body| body["consumerInputs"]["basicAuthPassword"] = json!("a b")).await,
        400
    );
    assert_eq!(status(|body| body["consumerInputs"]["httpHeaders"] = json!("X: a b")).await, 400);
    assert_eq!(status(|body| body["consumerInputs"]["url"] = json!("mayfly")).await, 400);
    assert_eq!(status(|body| body["publisherInputs"]["projectId"] = json!("none")).await, 400);
    assert_eq!(status(|body| body["eventType"] = json!("build.complete")).await, 501);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_lost_doubled_or_late_on_request() {
    let world = World::new();
    subscribe(&world, json!({})).await;
    world.register("az-1", json!({})).await;
    let faults =
        [DeliveryFault::Lost, DeliveryFault::Doubled, DeliveryFault::Delayed { seconds: 60 }];
    for fault in faults {
        world.pipelines.inject_delivery_fault(fault, 1);
    }
    let mut received = Vec::new();
    for _ in 0..4 {
        world.queue();
        settle().await;
        received.push(world.received.lock().unwrap().len());
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    received.push(world.received.lock().unwrap().len());
    assert_eq!(received, [0, 2, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn notifications_are_listed_with_their_results() {
    let world = World::new();
    let id = subscribe(&world, json!({})).await;
    world.register("az-1", json!({})).await;
    world.statuses.lock().unwrap().push(503);
    world.queue();
    settle().await;
    let path = format!("{SUBSCRIPTIONS}/{id}/notifications");
    let result = async || world.get(&path).await["value"][0]["result"].clone();
    assert_eq!(result().await, "pending");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(result().await, "succeeded");
    assert_eq!(
        world.api(Method::DELETE, &format!("{SUBSCRIPTIONS}/{id}"), Value::Null).await.0,
        204
    );
    assert_eq!(world.get(SUBSCRIPTIONS).await["count"], 0);
}
