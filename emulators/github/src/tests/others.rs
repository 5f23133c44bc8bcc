//! What others do: their runners, GitHub's own runners, and jobs that GitHub has lost track of.

use std::time::Duration;

use super::World;
use crate::{JobStatus, NewJob, NewRunner, Scope, Visibility};

const HOSTED: Duration = Duration::from_secs(60);

fn hosted() -> NewJob {
    NewJob { hosted_after: Some(HOSTED), ..NewJob::new("octo/app", &["ubuntu-latest"]) }
}

#[tokio::test]
async fn a_hosted_label_is_tried_on_self_hosted_runners_first() {
    let world = World::start().await;
    let first = world.github.queue_job(hosted());
    let runner = world.runner("gh-1", &["self-hosted", "ubuntu-latest"]).await;
    assert_eq!(world.accept_job(&runner).await, first);
    let second = world.github.queue_job(hosted());
    world.clock.advance(HOSTED - Duration::from_secs(1));
    assert_eq!(world.github.job(second).unwrap().status, JobStatus::Queued);
    world.clock.advance(Duration::from_secs(1));
    let job = world.github.job(second).unwrap();
    assert_eq!(job.status, JobStatus::InProgress);
    assert_eq!(job.runner.unwrap().group_name, "GitHub Actions");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.github.job(second).unwrap().status, JobStatus::Completed);
    let first = world.github.job(first).unwrap();
    assert_eq!(first.runner.unwrap().name, "gh-1", "no runner of GitHub takes it again");
}

#[tokio::test]
async fn a_job_that_github_lost_track_of_stays_queued() {
    let world = World::start().await;
    let week = Duration::from_secs(7 * 86_400);
    let stuck = NewJob { stuck_for: Some(week), ..NewJob::new("octo/app", &["linux"]) };
    let stuck = world.github.queue_job(stuck);
    let runner = world.runner("gh-1", &["linux"]).await;
    world.clock.advance(week);
    let other = world.github.queue_job(NewJob::new("octo/app", &["linux"]));
    assert_eq!(world.accept_job(&runner).await, other);
    let job = world.github.job(stuck).unwrap();
    assert_eq!((job.status, job.assignments), (JobStatus::Queued, 0));
    assert!(job.created_at + week * 2 <= world.clock.now());
    assert!(world.github.cancel_job(stuck), "only its cancellation ends it");
}

#[tokio::test]
async fn others_register_persistent_runners() {
    let world = World::start().await;
    world.github.add_repository("octo/app", Visibility::Private);
    let scope = Scope::Repository("octo/app".to_owned());
    let labels = vec!["linux".to_owned()];
    let new = NewRunner { name: "gh-1".to_owned(), scope, group: 1, labels, ephemeral: false };
    let (id, configuration) = world.github.register_runner(new.clone()).unwrap();
    assert!(!configuration.is_empty());
    assert_eq!(world.github.register_runner(new), None, "the name is taken");
    let runner = world.github.runners().into_iter().find(|runner| runner.id == id).unwrap();
    assert!(!runner.ephemeral && !runner.online);
}
