//! Secondary rate limits.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use emulator_core::faults::SecondaryLimit;

use super::*;

const MINT: &str = "/repos/octo/app/actions/runners/generate-jitconfig";

impl World {
    async fn mint(&self, number: u32) -> http::Response<Value> {
        let name = format!("gh-{number}");
        let body = json!({ "name": name, "runner_group_id": 1, "labels": ["linux"] });
        self.api(Method::POST, MINT, body).await
    }
}

fn summary(response: &http::Response<Value>) -> String {
    let header =
        |name| response.headers().get(name).map_or("none", |value| value.to_str().unwrap());
    format!(
        "{} after {}, {} remain: {}",
        response.status().as_u16(),
        header("retry-after"),
        header("x-ratelimit-remaining"),
        response.body()["message"].as_str().unwrap_or_default()
    )
}

#[tokio::test]
async fn a_minute_has_180_writes_of_an_endpoint() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    for number in 0..180 {
        assert_eq!(world.mint(number).await.status(), StatusCode::CREATED, "{number}");
    }
    let rejected = world.mint(180).await;
    insta::assert_snapshot!(summary(&rejected), @"403 after 60, 9820 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.");
    assert_eq!(world.get("/orgs/octo/repos").await.status(), StatusCode::OK);
    world.clock.advance(Duration::from_secs(50));
    let wait = world.mint(180).await.headers()["retry-after"].to_str().unwrap().to_owned();
    assert!((1..=10).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.mint(180).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_github_without_secondary_limits_takes_all_requests() {
    let mut options = Options::new(TOKEN, 1);
    options.secondary_limits = false;
    let world = World::with(options).await;
    world.github.add_repository("octo/app", Visibility::Private);
    for number in 0..181 {
        assert_eq!(world.mint(number).await.status(), StatusCode::CREATED, "{number}");
    }
}

/// Sends a request on each of many open connections, and counts the rejected ones.
async fn rejected_at_once(world: &World, connections: usize) -> usize {
    let address = world.listening.url.trim_start_matches("http://").to_owned();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(TcpStream::connect(&address).await.unwrap());
    }
    let request = format!(
        "GET /repos/octo/app HTTP/1.1\r\nhost: {address}\r\nuser-agent: test\r\n\
         authorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    for connection in &mut open {
        connection.write_all(request.as_bytes()).await.unwrap();
    }
    let mut rejected = 0;
    for connection in &mut open {
        let mut response = String::new();
        connection.read_to_string(&mut response).await.unwrap();
        rejected += usize::from(response.starts_with("HTTP/1.1 403"));
    }
    rejected
}

#[tokio::test]
async fn more_than_a_hundred_requests_at_the_same_time_are_too_many() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    assert_eq!(rejected_at_once(&world, 90).await, 0);
    assert!(rejected_at_once(&world, 150).await > 0);
    world.clock.advance(Duration::from_secs(60));
    for _ in 0..300 {
        assert_eq!(world.get("/repos/octo/app").await.status(), StatusCode::OK, "one at a time");
    }
}

#[tokio::test]
async fn the_control_port_asks_for_a_limit_in_each_form() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let mut summaries = Vec::new();
    for form in SecondaryLimit::ALL {
        let fault = json!({ "operation": "ReposGet", "kind": "secondary", "form": form });
        assert_eq!(world.command(Method::POST, "/faults", fault).await.0, 202);
        summaries.push(summary(&world.get("/repos/octo/app").await));
    }
    let fault = json!({ "operation": "ReposGet", "kind": "secondary", "retry_after": 7 });
    assert_eq!(world.command(Method::POST, "/faults", fault).await.0, 202);
    summaries.push(summary(&world.get("/repos/octo/app").await));
    assert_eq!(world.get("/repos/octo/app").await.status(), StatusCode::OK);
    insta::assert_snapshot!(summaries.join("\n"), @"
    403 after 60, 5000 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.
    403 after none, 5000 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.
    429 after 60, 5000 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.
    429 after none, 5000 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.
    403 after none, 5000 remain: You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.
    403 after none, 5000 remain: You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.
    403 after 7, 5000 remain: You have exceeded a secondary rate limit. Please wait a few minutes before you try again.
    ");
}
