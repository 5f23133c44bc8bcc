//! `mayfly autoscale`: autoscale formulas, evaluated on given samples or simulated on a trace of tasks.

pub(crate) mod evaluate;
pub(crate) mod simulate;

use std::path::Path;

use anyhow::Context;
use emulator_core::text_file;

/// Reads a text file.
fn read(path: &Path) -> anyhow::Result<String> {
    text_file::read(path).with_context(|| format!("read {}", text_file::name(path)))
}
