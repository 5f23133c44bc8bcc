use super::fake_task::ImmediateSuccess;
use super::http_client::{ACCOUNT, raw, send};
use super::world::World;
use crate::dto::Timestamp;

const JOBS: &str = "/jobs?api-version=2025-06-01";

#[tokio::test]
async fn a_request_without_valid_credentials_is_rejected() {
    let world = World::start(ImmediateSuccess, 1).await;
    let url = &world.listening.url;
    let now = Timestamp::of(world.clock.now()).http_date();
    let none = raw(url, "GET", JOBS, &[("ocp-date", &now)], "").await;
    assert_eq!(none.error(), "401 AuthenticationFailed");
    assert!(none.header("www-authenticate").starts_with("Bearer "));
    let basic = raw(url, "GET", JOBS, &[("authorization", "Basic abc")], "").await;
    assert_eq!(basic.error(), "400 InvalidAuthenticationInfo");
    let wrong = format!("SharedKey {ACCOUNT}:c2lnbmF0dXJl");
    let wrong = raw(url, "GET", JOBS, &[("ocp-date", &now), ("authorization", &wrong)], "").await;
    assert_eq!(wrong.error(), "403 AuthenticationFailed");
}

#[tokio::test]
async fn a_signature_is_good_for_fifteen_minutes() {
    let world = World::start(ImmediateSuccess, 1).await;
    let url = &world.listening.url;
    let signed = |minutes| {
        Timestamp::of(world.clock.now() - chrono::TimeDelta::minutes(minutes)).http_date()
    };
    assert_eq!(send(url, &signed(14), "GET", JOBS, &[], "").await.status, 200);
    let late = send(url, &signed(16), "GET", JOBS, &[], "").await;
    assert_eq!(late.error(), "403 AuthenticationFailed");
    let broken = send(url, "yesterday", "GET", JOBS, &[], "").await;
    assert_eq!(broken.error(), "400 InvalidHeaderValue HeaderName=ocp-date HeaderValue=yesterday");
}

#[tokio::test]
async fn an_advanced_clock_locks_no_client_out() {
    let world = World::start(ImmediateSuccess, 1).await;
    let signed = Timestamp::of(world.clock.now()).http_date();
    world.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!(send(&world.listening.url, &signed, "GET", JOBS, &[], "").await.status, 200);
}

#[tokio::test]
async fn only_the_accepted_token_authenticates() {
    let world = World::start(ImmediateSuccess, 1).await;
    let url = &world.listening.url;
    let mine = raw(url, "GET", JOBS, &[("authorization", "Bearer a-token")], "").await;
    assert_eq!(mine.status, 200);
    let other = raw(url, "GET", JOBS, &[("authorization", "Bearer b-token")], "").await;
    assert_eq!(other.error(), "401 AuthenticationFailed");
}

#[tokio::test]
async fn the_client_request_id_is_returned_on_request() {
    let world = World::start(ImmediateSuccess, 1).await;
    let guid = ("client-request-id", "9c4d50ee-2d56-4cd3-8152-34347dc9f2b0");
    let quiet = world.send("GET", "/jobs/runners", &[guid], "").await;
    assert_eq!(quiet.header("client-request-id"), "");
    let headers = [guid, ("return-client-request-id", "True")];
    let loud = world.send("GET", "/jobs/runners", &headers, "").await;
    assert_eq!(loud.header("client-request-id"), guid.1);
    assert_ne!(loud.header("request-id"), quiet.header("request-id"));
}

#[tokio::test]
async fn an_unmodelled_request_is_answered_501() {
    let world = World::start(ImmediateSuccess, 1).await;
    let node = world.send("DELETE", "/pools/ubuntu/nodes/n/users/u", &[], "").await;
    assert_eq!(node.error(), "501 NotImplemented");
    let message = node.json()["message"]["value"].as_str().unwrap().to_owned();
    let expected = "DELETE /pools/ubuntu/nodes/n/users/u is not modelled\nRequestId:";
    assert!(message.starts_with(expected), "{message}");
    let stats = world.get("/jobs?$expand=stats").await;
    assert_eq!(stats.error(), "501 NotImplemented");
}
