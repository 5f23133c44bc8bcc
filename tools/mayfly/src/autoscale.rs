//! `mayfly autoscale`: autoscale formulas, evaluated on given samples or simulated on a trace of tasks.

pub(crate) mod evaluate;
pub(crate) mod simulate;

use std::path::Path;

use anyhow::Context;

/// Reads a text file.
fn read(path: &Path) -> anyhow::Result<String> {
    emulator_core::text_file::read(path).with_context(|| format!("read {}", path.display()))
}
