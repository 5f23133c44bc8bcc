//! Assignment of jobs to runners.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{TOKEN, World};
use crate::{Conclusion, Group, JobStatus, NewJob, Options, Scope, Visibility};

/// Queues two jobs, then connects the runner created for the first; returns the index of the job it gets.
async fn first_assigned(seed: u64) -> usize {
    let world = World::with(Options::new(TOKEN, seed)).await;
    let new = NewJob::new("octo/app", &["linux"]);
    let jobs = [world.github.queue_job(new.clone()), world.github.queue_job(new)];
    let runner = world.runner("for-the-first-job", &["linux"]).await;
    let got = world.accept_job(&runner).await;
    jobs.iter().position(|&job| job == got).unwrap()
}

#[tokio::test]
async fn a_seed_decides_which_runners_are_reassigned() {
    let mut assigned = Vec::new();
    for seed in 0..8 {
        assigned.push(first_assigned(seed).await);
    }
    assert!(assigned.contains(&0) && assigned.contains(&1), "{assigned:?}");
    assert_eq!(first_assigned(3).await, assigned[3]);
}

#[tokio::test]
async fn a_runner_gets_only_jobs_of_its_labels_and_repository() {
    let world = World::start().await;
    let foreign = world.github.queue_job(NewJob::new("octo/lib", &["linux"]));
    let special = world.github.queue_job(NewJob::new("octo/app", &["linux", "gpu"]));
    let plain = world.github.queue_job(NewJob::new("octo/app", &["Self-Hosted", "LINUX"]));
    let runner = world.runner("gh-1", &["self-hosted", "linux", "x64"]).await;
    assert_eq!(world.accept_job(&runner).await, plain);
    for job in [foreign, special] {
        assert_eq!(world.github.job(job).unwrap().status, JobStatus::Queued);
    }
}

#[tokio::test]
async fn a_job_not_accepted_in_a_minute_is_reassigned() {
    let world = World::start().await;
    let asleep = world.runner("asleep", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.github.job(job).unwrap().assignments, 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.github.job(job).unwrap().assignments, 2);
    let path = format!("sessions/{}", asleep.session);
    world.call_as(&asleep, Method::DELETE, &path, Value::Null).await;
    world.clock.advance(Duration::from_secs(60));
    let awake = world.runner("awake", &["linux"]).await;
    assert_eq!(world.accept_job(&awake).await, job);
    let late = format!("jobs/{job}/acceptance");
    let late = world.call_as(&asleep, Method::POST, &late, json!({})).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_acceptance_with_a_lost_response_can_be_repeated() {
    let world = World::start().await;
    let runner = world.runner("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let path = format!("jobs/{job}/acceptance");
    for _ in 0..2 {
        let response = world.call_as(&runner, Method::POST, &path, json!({})).await;
        assert_eq!(response.body()["job"], job);
    }
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::InProgress);
}

#[tokio::test]
async fn a_group_excludes_repositories() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let group = world.github.add_group(Group {
        id: 0,
        name: "trusted".to_owned(),
        scope: Scope::Organization("octo".to_owned()),
        repositories: Some(["octo/app".to_owned()].into()),
        allows_public_repositories: false,
    });
    let excluded = world.github.queue_job(NewJob::new("octo/lib", &["linux"]));
    let included = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let body = json!({ "name": "gh-1", "runner_group_id": group, "labels": ["linux"] });
    let path = "/orgs/octo/actions/runners/generate-jitconfig";
    let response = world.api(Method::POST, path, body).await.into_body();
    let runner = world.open_session(response["runner"]["id"].as_u64().unwrap()).await;
    assert_eq!(world.accept_job(&runner).await, included);
    assert_eq!(world.github.job(excluded).unwrap().status, JobStatus::Queued);
}

#[tokio::test]
async fn a_job_fails_ten_minutes_after_its_runner_is_lost() {
    let world = World::start().await;
    let runner = world.runner("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.accept_job(&runner).await;
    let path = format!("sessions/{}", runner.session);
    world.call_as(&runner, Method::DELETE, &path, Value::Null).await;
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::InProgress);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Failure));
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_job_queued_for_a_day_is_cancelled() {
    let world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(world.github.until_completed(job).await.conclusion, Some(Conclusion::Cancelled));
}

#[tokio::test]
async fn paused_assignment_can_be_resumed() {
    let world = World::start().await;
    world.github.pause_assignment(true);
    let runner = world.runner("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert_eq!(world.github.job(job).unwrap().assignments, 0);
    world.github.pause_assignment(false);
    assert_eq!(world.accept_job(&runner).await, job);
}
