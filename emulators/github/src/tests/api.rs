//! Calls the REST API as a client would.

use chrono::{DateTime, FixedOffset, TimeDelta};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{TOKEN, World};
use crate::{NewJob, Options, Visibility};

const JIT: &str = "/repos/octo/app/actions/runners/generate-jitconfig";

#[tokio::test]
async fn who_shows_no_or_wrong_credentials_or_no_name_is_refused() {
    let world = World::start().await;
    let path = format!("{}/repos/octo/app", world.listening.url);
    let none = http::Request::get(&path).header(header::USER_AGENT, "mayfly");
    let wrong = http::Request::get(&path)
        .header(header::USER_AGENT, "mayfly")
        .header(header::AUTHORIZATION, "token ghp_other");
    let nameless =
        http::Request::get(&path).header(header::AUTHORIZATION, format!("token {TOKEN}"));
    let mut answers = Vec::new();
    for request in [none, wrong, nameless] {
        let answer = world.send(request.body(bytes::Bytes::new()).unwrap()).await;
        answers.push(format!("{} {}", answer.status(), answer.body()["message"]));
    }
    insta::assert_snapshot!(answers.join("\n"), @r#"
    401 Unauthorized "Requires authentication"
    401 Unauthorized "Bad credentials"
    403 Forbidden "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
    "#);
}

#[tokio::test]
async fn a_second_runner_of_the_same_name_is_a_conflict() {
    let world = World::start().await;
    world.register("gh-1", &["linux"]).await;
    let body = json!({ "name": "GH-1", "runner_group_id": 1, "labels": ["linux"] });
    let answer = world.api(Method::POST, JIT, body).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(
        answer.body()["message"],
        "Already exists - A runner with the name GH-1 already exists."
    );
    let found = world.get("/repos/octo/app/actions/runners?name=gh-1").await;
    assert_eq!(found.body()["total_count"], 1);
}

#[tokio::test]
async fn a_configuration_without_name_group_or_labels_is_invalid() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let labels: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    for body in [
        json!({ "runner_group_id": 1, "labels": ["linux"] }),
        json!({ "name": "r", "labels": ["linux"] }),
        json!({ "name": "r", "runner_group_id": 1, "labels": [] }),
        json!({ "name": "r", "runner_group_id": 1, "labels": labels }),
    ] {
        let answer = world.api(Method::POST, JIT, body).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let body = json!({ "name": "r", "runner_group_id": 7, "labels": ["linux"] });
    assert_eq!(world.api(Method::POST, JIT, body).await.status(), StatusCode::NOT_FOUND);
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_busy_runner_cannot_be_deleted_and_an_idle_one_can() {
    let world = World::start().await;
    let player = world.player("gh-1", &["linux"]).await;
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let path = format!("/repos/octo/app/actions/runners/{}", player.id);
    let busy = world.api(Method::DELETE, &path, Value::Null).await;
    assert_eq!(busy.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let (idle, _) = world.register("gh-2", &["linux"]).await;
    let path = format!("/repos/octo/app/actions/runners/{idle}");
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(world.api(Method::DELETE, &path, Value::Null).await.status().as_u16());
    }
    assert_eq!(statuses, [204, 404]);
}

#[tokio::test]
async fn an_answer_carries_githubs_headers_and_is_not_sent_twice() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let answer = world.get("/api/v3/repos/octo/app").await;
    let mut headers: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ratelimit") || *name == "content-type")
        .filter(|(name, _)| *name != "x-ratelimit-reset")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    insta::assert_snapshot!(headers.join("\n"), @"
    content-type: application/json; charset=utf-8
    x-ratelimit-limit: 5000
    x-ratelimit-remaining: 4999
    x-ratelimit-resource: core
    x-ratelimit-used: 1
    ");
    let api = format!("{}/api/v3/repos/octo/app", world.listening.url);
    assert_eq!(answer.body()["url"], api);
    let again = world
        .request(Method::GET, "/api/v3/repos/octo/app")
        .header(header::IF_NONE_MATCH, &answer.headers()[header::ETAG]);
    let again = world.send(again.body(bytes::Bytes::new()).unwrap()).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    // What has not changed costs nothing.
    assert_eq!(again.headers()["x-ratelimit-remaining"], "4999");
}

#[tokio::test]
async fn an_hours_requests_are_limited_each_resource_for_itself() {
    let mut options = Options::new(TOKEN, 1);
    options.rate_limit = 1;
    let world = World::with(options).await;
    world.github.add_repository("octo/app", Visibility::Private);
    let first = world.get("/repos/octo/app").await;
    let second = world.get("/repos/octo/app").await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 403));
    assert_eq!(second.headers()["x-ratelimit-remaining"], "0");
    world.register("gh-1", &["linux"]).await;
    world.clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(world.get("/repos/octo/app").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn runs_are_listed_by_where_their_jobs_stand() {
    let world = World::start().await;
    let served = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let run = world.github.job(served).unwrap().run;
    let player = world.player("gh-1", &["linux"]).await;
    let job = world.take_job(&player).await;
    let path = format!("jobs/{job}/completion");
    world.play(&player, Method::POST, &path, json!({ "conclusion": "success" })).await;
    let mut second = NewJob::new("octo/app", &["linux"]);
    second.run = Some(run);
    world.github.queue_job(second);
    world.github.queue_job(NewJob::new("octo/app", &["gpu"]));
    let mut counts = Vec::new();
    for status in ["queued", "in_progress", "completed", "success"] {
        let path = format!("/repos/octo/app/actions/runs?status={status}");
        counts.push(world.get(&path).await.body()["total_count"].as_u64().unwrap());
    }
    assert_eq!(counts, [1, 1, 0, 0]);
    let jobs = world.get(&format!("/repos/octo/app/actions/runs/{run}/jobs")).await.into_body();
    let stand = |job: &Value| format!("{} {}", job["status"], job["runner_name"]);
    let stands: Vec<String> = jobs["jobs"].as_array().unwrap().iter().map(stand).collect();
    assert_eq!(stands, [r#""completed" "gh-1""#, r#""queued" null"#]);
}

#[tokio::test]
async fn a_filter_that_is_not_modelled_is_not_ignored() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let answer = world.get("/repos/octo/app/actions/runs?actor=octocat").await;
    assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn a_cancelled_run_takes_its_queued_jobs_with_it() {
    let world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let path =
        format!("/repos/octo/app/actions/runs/{}/cancel", world.github.job(job).unwrap().run);
    let first = world.api(Method::POST, &path, json!({})).await.status().as_u16();
    let second = world.api(Method::POST, &path, json!({})).await.status().as_u16();
    assert_eq!((first, second), (202, 409));
    let job = world.get(&format!("/repos/octo/app/actions/jobs/{job}")).await.into_body();
    assert_eq!(job["conclusion"], "cancelled");
    assert!(job["runner_id"].is_null() || job["runner_id"] == 0);
}

#[tokio::test]
async fn every_scope_has_its_token_runners_and_default_group() {
    let mut options = Options::new(TOKEN, 1);
    options.enterprise = Some("acme".to_owned());
    let world = World::with(options).await;
    world.github.add_repository("octo/app", Visibility::Private);
    for scope in ["repos/octo/app", "orgs/octo", "enterprises/acme"] {
        let path = format!("/{scope}/actions/runners/registration-token");
        let token = world.api(Method::POST, &path, Value::Null).await;
        assert_eq!(token.status(), StatusCode::CREATED);
        let expiry: DateTime<FixedOffset> =
            token.body()["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(expiry <= world.clock.now() + TimeDelta::hours(1));
        let runners = world.get(&format!("/{scope}/actions/runners")).await;
        assert_eq!(runners.body()["total_count"], 0);
    }
    for scope in ["orgs/octo", "enterprises/acme"] {
        let groups = world.get(&format!("/{scope}/actions/runner-groups")).await.into_body();
        assert_eq!(groups["runner_groups"][0]["name"], "Default");
    }
    assert_eq!(world.get("/orgs/other/actions/runners").await.status(), StatusCode::NOT_FOUND);
}
