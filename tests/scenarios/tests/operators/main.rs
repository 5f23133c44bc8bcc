//! Tests of the operator interface: status, wait reasons and manual replays.

use scenarios::TestEnvironment;

mod status;
mod page;
mod reasons;
mod replay;
mod pause;
mod doctor;
mod logs;
mod command;
mod history;
mod large;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];

/// Starts an environment with settings, whose Batch account operators can change.
async fn start(settings: &[(&str, &str)]) -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| {
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await
}
