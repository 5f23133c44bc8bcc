//! Tests of ReconcileRunners: each repair, and that a second run has nothing to repair.

use scenarios::TestEnvironment;

mod ages;
mod app;
mod demand;
mod deliveries;
mod events;
mod foreign_jobs;
mod failed_tasks;
mod wake;
mod surplus;
mod task_ranges;
mod reassigned;
mod hidden;
mod odd_items;
mod refusals;
mod refused_claims;
mod renames;
mod transfers;
mod deleted;
mod cleanup;
mod batch_account;
mod alerts;
mod calls;
mod container;
mod ours;
mod names_of_ours;
mod node_per_job;
mod nulls;
mod outlived;
mod polling;
mod history;

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
