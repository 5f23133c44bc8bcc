//! The REST API, as a client calls it.

use chrono::{DateTime, FixedOffset, TimeDelta};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{TOKEN, World};
use crate::{NewJob, Options, Visibility};

const JIT: &str = "/repos/octo/app/actions/runners/generate-jitconfig";

#[tokio::test]
async fn a_request_without_credentials_or_user_agent_is_rejected() {
    let world = World::start().await;
    let path = format!("{}/repos/octo/app", world.listening.url);
    let none = http::Request::get(&path).header(header::USER_AGENT, "mayfly");
    let wrong = http::Request::get(&path)
        .header(header::USER_AGENT, "mayfly")
        .header(header::AUTHORIZATION, "token ghp_other");
    let nameless =
        http::Request::get(&path).header(header::AUTHORIZATION, format!("token {TOKEN}"));
    let mut responses = Vec::new();
    for request in [none, wrong, nameless] {
        let response = world.send(request.body(bytes::Bytes::new()).unwrap()).await;
        responses.push(format!("{} {}", response.status(), response.body()["message"]));
    }
    insta::assert_snapshot!(responses.join("\n"), @r#"
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
    let response = world.api(Method::POST, JIT, body).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(
        response.body()["message"],
        "Already exists - A runner with the name GH-1 already exists."
    );
    let found = world.get("/repos/octo/app/actions/runners?name=gh-1").await;
    assert_eq!(found.body()["total_count"], 1);
}

#[tokio::test]
async fn a_jit_config_without_name_group_or_labels_is_invalid() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let labels: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    for body in [
        json!({ "runner_group_id": 1, "labels": ["linux"] }),
        json!({ "name": "r", "labels": ["linux"] }),
        json!({ "name": "r", "runner_group_id": 1, "labels": [] }),
        json!({ "name": "r", "runner_group_id": 1, "labels": labels }),
    ] {
        let response = world.api(Method::POST, JIT, body).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let body = json!({ "name": "r", "runner_group_id": 7, "labels": ["linux"] });
    assert_eq!(world.api(Method::POST, JIT, body).await.status(), StatusCode::NOT_FOUND);
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_busy_runner_cannot_be_deleted_and_an_idle_one_can() {
    let world = World::start().await;
    let runner = world.runner("gh-1", &["linux"]).await;
    world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let path = format!("/repos/octo/app/actions/runners/{}", runner.id);
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
async fn a_response_has_rate_limit_headers_and_a_reusable_etag() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let response = world.get("/api/v3/repos/octo/app").await;
    let mut headers: Vec<String> = response
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
    assert_eq!(response.body()["url"], api);
    let again = world
        .request(Method::GET, "/api/v3/repos/octo/app")
        .header(header::IF_NONE_MATCH, &response.headers()[header::ETAG]);
    let again = world.send(again.body(bytes::Bytes::new()).unwrap()).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    // 304 is free.
    assert_eq!(again.headers()["x-ratelimit-remaining"], "4999");
}

#[tokio::test]
async fn each_resource_has_its_own_hourly_limit() {
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
async fn runs_are_listed_by_the_status_of_their_jobs() {
    let world = World::start().await;
    let served = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let run = world.github.job(served).unwrap().run;
    let runner = world.runner("gh-1", &["linux"]).await;
    let job = world.accept_job(&runner).await;
    let path = format!("jobs/{job}/completion");
    world.call_as(&runner, Method::POST, &path, json!({ "conclusion": "success" })).await;
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
    let status = |job: &Value| format!("{} {}", job["status"], job["runner_name"]);
    let statuses: Vec<String> = jobs["jobs"].as_array().unwrap().iter().map(status).collect();
    assert_eq!(statuses, [r#""completed" "gh-1""#, r#""queued" null"#]);
}

#[tokio::test]
async fn a_filtered_list_of_runs_ends_after_1000() {
    let world = World::start().await;
    for _ in 0..1001 {
        world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    }
    let shown = async |query: &str| {
        let path = format!("/repos/octo/app/actions/runs?per_page=100&page=11{query}");
        let page = world.get(&path).await.into_body();
        (page["total_count"].as_u64(), page["workflow_runs"].as_array().map(Vec::len))
    };
    assert_eq!(shown("&status=queued").await, (Some(1001), Some(0)));
    assert_eq!(shown("").await, (Some(1001), Some(1)));
}

#[tokio::test]
async fn a_filter_that_is_not_modelled_is_rejected() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let response = world.get("/repos/octo/app/actions/runs?actor=octocat").await;
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn cancelling_a_run_cancels_its_queued_jobs() {
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
async fn every_scope_has_a_token_runners_and_a_default_group() {
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
