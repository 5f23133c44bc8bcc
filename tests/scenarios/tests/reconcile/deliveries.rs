//! Deliveries that never arrive.

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob, Scope, Visibility};
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

fn in_vain(what: &EventKind) -> bool {
    matches!(what, EventKind::Delivered { action: "queued", status: 503, .. })
}

#[tokio::test]
async fn a_delivery_that_failed_five_times_more_is_left_and_told_of_once() {
    let mut world = World::start(PROGRAM).await;
    // Webhooks are looked for where tasks belong.
    world.queue_job(UBUNTU);
    world.settle().await;
    world.reconcile().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 1000, down);
    let mut job = NewJob::new("octo/app", UBUNTU);
    // Behind its gate the job is owed no runner: there is nothing else to be repaired.
    job.gate = Gate::QueuedThenGated;
    world.queue(job);
    let mut said = Vec::new();
    for minutes in [0, 2, 4, 8, 16, 32, 64] {
        if minutes < 64 {
            world.until("a delivery in vain", in_vain).await;
        }
        world.pass(minutes);
        let run = world.reconcile().await;
        let asked = run.lines().filter(|line| line.starts_with("GitHub delivers ")).count();
        said.push(format!("{asked} after {minutes} minutes"));
    }
    assert_snapshot!(said.join("\n"), @r"
    1 after 0 minutes
    1 after 2 minutes
    1 after 4 minutes
    1 after 8 minutes
    1 after 16 minutes
    0 after 32 minutes
    0 after 64 minutes
    ");
    let told = world.alarm("delivery").await;
    assert!(told.contains("was lost 5 times more: its page on GitHub shows"), "{told}");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_eq!(world.log().matches(r#"alarm="delivery""#).count(), 1);
    world.cloud.queues.faults.release();
    world.end().await;
}

#[tokio::test]
async fn a_repositorys_own_webhook_is_looked_at_as_well() {
    let mut world = crate::world(&[("AllowedRepositories", "octo/app")]).await;
    let github = &world.cloud.github.emulator;
    github.add_repository("octo/app", Visibility::Private);
    github.remove_hooks();
    github.add_hook(&world.cloud.hook, WEBHOOK_SECRET, Scope::Repository("octo/app".to_owned()));
    let down = Effect::Fail { status: 403, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 100, down);
    world.queue_job(UBUNTU);
    world.until("a delivery in vain", in_vain).await;
    world.cloud.queues.faults.release();
    let said = world.reconcile().await;
    assert!(said.contains(" of repos/octo/app/hooks/"), "{said}");
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}
