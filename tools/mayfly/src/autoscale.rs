//! `mayfly autoscale`: autoscale formulas, evaluated on given samples, simulated on a trace of tasks, or planned from a history of jobs.

pub(crate) mod evaluate;
pub(crate) mod simulate;
pub(crate) mod plan;
pub(crate) mod judge;
mod past_jobs;
mod kept_lines;
mod live_price;

use std::path::Path;

use anyhow::Context;
use emulator_core::text_file;

/// Reads a text file.
fn read(path: &Path) -> anyhow::Result<String> {
    text_file::read(path).with_context(|| format!("read {}", text_file::name(path)))
}
