//! Stories of the road from a webhook to a finished runner.

mod app;
mod once;
mod claim;
mod gates;
mod groups;
mod host;
mod limits;
mod launch;
mod pins;
mod proxy;
mod rotation;
mod scopes;
mod deployments;
mod troubles;

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];
const WINDOWS: &[&str] = &["self-hosted", "windows-latest"];
