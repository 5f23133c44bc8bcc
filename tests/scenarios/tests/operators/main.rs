//! Stories of those who run a deployment: what they are told, and what they have done by hand.

use scenarios::World;

mod status;
mod reasons;
mod replay;
mod command;

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];

/// Starts a world with settings, and lets whoever is not the handler change its Batch account.
async fn world(settings: &[(&str, &str)]) -> World {
    World::with(PROGRAM, |options| {
        options.batch_bearer = Some(scenarios::reconciling::BEARER.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await
}
