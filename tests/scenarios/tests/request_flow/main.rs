//! Tests of the request flow, from a webhook to a completed runner.

mod app;
mod several_apps;
mod bursts;
mod idempotency;
mod claim;
mod claim_protocol;
mod gates;
mod groups;
mod host;
mod limits;
mod launch;
mod narrowed_policy;
mod pinned_labels;
mod proxy;
mod secret_rotation;
mod scopes;
mod user_repositories;
mod storage;
mod deployments;
mod failures;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];
const WINDOWS: &[&str] = &["self-hosted", "windows-latest"];
