//! Tests of RefreshFirewall: the ranges that GitHub publishes, the stored ranges, and the app's access restrictions.

use local_deployment::Options;
use scenarios::TestEnvironment;

mod updates;
mod implausible;
mod failures;
mod other_rules;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
/// A range that GitHub published before.
const KNOWN: &str = "140.82.112.0/20";
/// A new range.
const NEW: &str = "20.1.2.0/28";
/// An address in the new range.
const IN_NEW: &str = "20.1.2.3";

fn set(options: &mut Options, name: &str, value: &str) {
    options.settings.insert(name.to_owned(), value.to_owned());
}

/// Starts an environment whose handler uses the ranges that its GitHub publishes.
async fn start(published: &[&str]) -> TestEnvironment {
    start_with(published, |_| {}).await
}

async fn start_with(published: &[&str], change: impl FnOnce(&mut Options)) -> TestEnvironment {
    let env = TestEnvironment::with(PROGRAM, |options| {
        set(options, "GithubHookRanges", "meta");
        change(options);
    })
    .await;
    env.deployment.github.emulator.publish_hook_ranges(published);
    env
}

/// Starts an environment that has applied [`KNOWN`], whose GitHub now also publishes [`NEW`].
async fn start_with_new_range() -> TestEnvironment {
    let env = start(&[KNOWN]).await;
    assert!(env.refresh_firewall().await, "{}", env.log());
    env.deployment.github.emulator.publish_hook_ranges(&[KNOWN, NEW]);
    env
}
