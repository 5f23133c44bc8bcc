//! `mayfly autoscale evaluate`: a formula, evaluated on given samples.

use std::process::ExitCode;

use anyhow::Context;
use autoscale_formula::{Samples, parse};
use emulator_core::clock::Clock;
use emulator_core::text_file;

use super::read;
use crate::cli::Evaluate;
use crate::print;

/// Prints the results line as Batch does; an error goes to stderr, with a caret under its position.
pub(crate) fn run(options: &Evaluate) -> anyhow::Result<ExitCode> {
    let source = read(&options.formula)?;
    let samples: Samples = serde_json::from_str(&read(&options.samples)?)
        .with_context(|| format!("read the samples in {}", text_file::name(&options.samples)))?;
    let now = options.now.unwrap_or_else(|| Clock::of_this_machine().now());
    let outcome = match parse(&source) {
        Ok(formula) => formula.evaluate(&samples, now),
        Err(err) => return Ok(fail(&err.render(&source))),
    };
    match &outcome.error {
        Some(err) => Ok(fail(&err.render(&source))),
        None => {
            print(&outcome);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn fail(rendered: &str) -> ExitCode {
    use std::io::Write;
    // A closed stderr is no error.
    let _ = writeln!(std::io::stderr(), "{}", rendered.trim_end());
    ExitCode::FAILURE
}
