//! `mayfly evaluate`: one autoscale formula against given samples.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use autoscale_formula::{Samples, parse};
use emulator_core::clock::Clock;

use crate::cli::Evaluate;
use crate::print;

/// Prints the results line as Batch does; an error goes to stderr, with a caret under its place.
pub(crate) fn run(options: &Evaluate) -> anyhow::Result<ExitCode> {
    let source = read(&options.formula)?;
    let samples: Samples = serde_json::from_str(&read(&options.samples)?)
        .with_context(|| format!("read the samples in {}", options.samples.display()))?;
    let now = options.now.unwrap_or_else(|| Clock::of_this_machine().now());
    let outcome = match parse(&source) {
        Ok(formula) => formula.evaluate(&samples, now),
        Err(err) => return Ok(refuse(&err.render(&source))),
    };
    match &outcome.error {
        Some(err) => Ok(refuse(&err.render(&source))),
        None => {
            print(&outcome);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn refuse(rendered: &str) -> ExitCode {
    use std::io::Write;
    // Nobody may read it any more.
    let _ = writeln!(std::io::stderr(), "{}", rendered.trim_end());
    ExitCode::FAILURE
}
