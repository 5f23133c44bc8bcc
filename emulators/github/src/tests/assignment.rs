//! Gives jobs to runners.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Player, TOKEN, World};
use crate::{Conclusion, Group, JobStatus, NewJob, Options, Scope, Visibility};

/// Plays: two jobs are queued, the runner that was made for the first comes. Tells which one it gets.
async fn first_served(seed: u64) -> usize {
    let world = World::with(Options::new(TOKEN, seed)).await;
    let order = NewJob::new("octo/app", &["linux"]);
    let jobs = [world.github.queue_job(order.clone()), world.github.queue_job(order)];
    let player = world.player("made-for-the-first", &["linux"]).await;
    let got = world.take_job(&player).await;
    jobs.iter().position(|&job| job == got).unwrap()
}

#[tokio::test]
async fn some_runners_are_stolen_and_a_seed_tells_which() {
    let mut served = Vec::new();
    for seed in 0..8 {
        served.push(first_served(seed).await);
    }
    assert!(served.contains(&0) && served.contains(&1), "{served:?}");
    assert_eq!(first_served(3).await, served[3]);
}

#[tokio::test]
async fn a_runner_gets_only_jobs_whose_labels_it_has_in_any_case_and_of_its_repository() {
    let world = World::start().await;
    let foreign = world.github.queue_job(NewJob::new("octo/lib", &["linux"]));
    let special = world.github.queue_job(NewJob::new("octo/app", &["linux", "gpu"]));
    let plain = world.github.queue_job(NewJob::new("octo/app", &["Self-Hosted", "LINUX"]));
    let player = world.player("gh-1", &["self-hosted", "linux", "x64"]).await;
    assert_eq!(world.take_job(&player).await, plain);
    for job in [foreign, special] {
        assert_eq!(world.github.job(job).unwrap().status, JobStatus::Queued);
    }
}

#[tokio::test]
async fn a_job_that_is_not_accepted_in_a_minute_is_given_to_another() {
    let world = World::start().await;
    let asleep = world.player("asleep", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.github.job(job).unwrap().assignments, 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.github.job(job).unwrap().assignments, 2);
    let path = format!("sessions/{}", asleep.session);
    world.play(&asleep, Method::DELETE, &path, Value::Null).await;
    world.clock.advance(Duration::from_secs(60));
    let awake = world.player("awake", &["linux"]).await;
    assert_eq!(world.take_job(&awake).await, job);
    let late = format!("jobs/{job}/acceptance");
    let late = world.play(&asleep, Method::POST, &late, json!({})).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_acceptance_whose_answer_was_lost_can_be_repeated() {
    let world = World::start().await;
    let player = world.player("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let path = format!("jobs/{job}/acceptance");
    for _ in 0..2 {
        let answer = world.play(&player, Method::POST, &path, json!({})).await;
        assert_eq!(answer.body()["job"], job);
    }
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::InProgress);
}

#[tokio::test]
async fn a_group_keeps_repositories_out() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let group = world.github.add_group(Group {
        id: 0,
        name: "trusted".to_owned(),
        scope: Scope::Organization("octo".to_owned()),
        repositories: Some(["octo/app".to_owned()].into()),
        allows_public_repositories: false,
    });
    let kept_out = world.github.queue_job(NewJob::new("octo/lib", &["linux"]));
    let let_in = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let body = json!({ "name": "gh-1", "runner_group_id": group, "labels": ["linux"] });
    let path = "/orgs/octo/actions/runners/generate-jitconfig";
    let answer = world.api(Method::POST, path, body).await.into_body();
    let player = session_of(&world, &answer).await;
    assert_eq!(world.take_job(&player).await, let_in);
    assert_eq!(world.github.job(kept_out).unwrap().status, JobStatus::Queued);
}

async fn session_of(world: &World, answer: &Value) -> Player {
    let id = answer["runner"]["id"].as_u64().unwrap();
    let mut player = Player { id, token: world.access_token(id), session: String::new() };
    let body = json!({ "version": "2.336.0", "os": "Linux" });
    let answer = world.play(&player, Method::POST, "sessions", body).await;
    player.session = answer.body()["session"].as_str().unwrap().to_owned();
    player
}

#[tokio::test]
async fn a_job_outlives_its_lost_runner_by_ten_minutes() {
    let world = World::start().await;
    let player = world.player("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.take_job(&player).await;
    let path = format!("sessions/{}", player.session);
    world.play(&player, Method::DELETE, &path, Value::Null).await;
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::InProgress);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.github.settled(job).await.conclusion, Some(Conclusion::Failure));
    assert!(world.github.runners().is_empty());
}

#[tokio::test]
async fn a_job_that_nobody_takes_in_a_day_is_cancelled() {
    let world = World::start().await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(world.github.settled(job).await.conclusion, Some(Conclusion::Cancelled));
}

#[tokio::test]
async fn held_back_assignment_is_taken_up_again() {
    let world = World::start().await;
    world.github.pause_assignment(true);
    let player = world.player("gh-1", &["linux"]).await;
    let job = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert_eq!(world.github.job(job).unwrap().assignments, 0);
    world.github.pause_assignment(false);
    assert_eq!(world.take_job(&player).await, job);
}
