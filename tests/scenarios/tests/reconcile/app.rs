//! Reconciliation as a GitHub App, which has no repositories of its own but those of its installations.

use scenarios::{World, app};

use super::demand::silent;
use crate::PROGRAM;

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
