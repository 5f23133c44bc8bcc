//! Stories of both gates: what GitHub publishes, the ranges that are kept, and the app's access restrictions.

use local_deployment::Options;
use scenarios::World;

mod following;
mod implausible;
mod troubles;
mod foreign;

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
/// A range that GitHub has had for long.
const OLD: &str = "140.82.112.0/20";
/// A range that is new to everybody, and an address of it.
const NEW: &str = "20.1.2.0/28";
const IN_NEW: &str = "20.1.2.3";

fn set(options: &mut Options, name: &str, value: &str) {
    options.settings.insert(name.to_owned(), value.to_owned());
}

/// Starts a world whose handler follows what its GitHub publishes.
async fn world(published: &[&str]) -> World {
    publishing(published, |_| {}).await
}

async fn publishing(published: &[&str], change: impl FnOnce(&mut Options)) -> World {
    let world = World::with(PROGRAM, |options| {
        set(options, "GithubHookRanges", "meta");
        change(options);
    })
    .await;
    world.cloud.github.emulator.publish_hook_ranges(published);
    world
}

/// Starts a world whose gates stand at [`OLD`], while GitHub has come to publish [`NEW`] as well.
async fn world_with_news() -> World {
    let world = world(&[OLD]).await;
    assert!(world.refresh_firewall().await, "{}", world.log());
    world.cloud.github.emulator.publish_hook_ranges(&[OLD, NEW]);
    world
}
