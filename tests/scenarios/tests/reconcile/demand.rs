//! Queued jobs at which no live task's walk ends.

use emulators::github::NewJob;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// A job of which no webhook tells.
pub(super) fn silent(repository: &str) -> NewJob {
    let mut job = NewJob::new(repository, UBUNTU);
    job.silent = true;
    job
}

#[tokio::test]
async fn without_any_webhook_a_queued_job_is_served_after_two_minutes() {
    let mut world = World::start(PROGRAM).await;
    world.queue(silent("octo/app"));
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.pass(2);
    assert_snapshot!(world.reconcile().await, @"");
    world.settle().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}
