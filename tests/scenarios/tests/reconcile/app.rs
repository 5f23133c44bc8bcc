//! Reconciliation as a GitHub App, which has no repositories of its own but those of its installations.

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::{World, app};

use super::demand::silent;
use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn an_app_finds_the_queued_jobs_of_each_account_that_it_is_installed_on() {
    let mut world = World::with(PROGRAM, app::set).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo", "corp"]));
    world.queue(silent("octo/app"));
    world.queue(silent("corp/tool"));
    let asked = world.reconcile_after(2).await;
    assert_eq!(asked.matches("is asked for").count(), 2, "{asked}");
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 2, "{}", world.jobs());
    assert_eq!(world.reconcile().await, "nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn what_the_apps_own_webhook_failed_to_deliver_is_asked_for_again() {
    let mut world = World::with(PROGRAM, app::set).await;
    let github = &world.cloud.github.emulator;
    // The one webhook of a deployment is the App's; it needs no permission for webhooks.
    github.remove_hooks();
    github.add_app(app::installed_on(&["octo"]));
    github.add_app_hook(app::ID, &world.cloud.hook, WEBHOOK_SECRET);
    let down = Effect::Fail { status: 403, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 100, down);
    let job = world.queue_job(UBUNTU);
    let lost = |what: &EventKind| {
        matches!(what, EventKind::Delivered { action: "queued", status: 503, .. })
    };
    world.until("a delivery in vain", lost).await;
    world.cloud.queues.faults.release();
    let said = world.reconcile().await;
    let github = &world.cloud.github.emulator;
    let deliveries = github.deliveries();
    let lost = deliveries.iter().find(|delivery| delivery.job == Some(job)).expect("a delivery");
    assert_snapshot!(said.replace(&lost.guid, "GUID"), @r"
    GitHub delivers GUID of app/hook again
    repaired 1
    ");
    world.settle().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}
