//! Stories of ReconcileRunners: what it repairs, and that a second run has nothing to repair.

use scenarios::World;

mod app;
mod demand;
mod deliveries;
mod events;
mod endings;
mod surplus;
mod stolen;
mod leftovers;
mod ledger;
mod visible;
mod calls;

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];

/// Starts a world with a setting, and lets whoever is not the handler change its Batch account.
async fn world(settings: &[(&str, &str)]) -> World {
    World::with(PROGRAM, |options| {
        options.batch_bearer = Some(scenarios::reconciling::BEARER.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await
}
