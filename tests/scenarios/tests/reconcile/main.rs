//! Stories of ReconcileRunners: what it repairs, and that a second run has nothing to repair.

mod app;
mod demand;

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];
