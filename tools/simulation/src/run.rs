//! Runs simulations on all processors and reports their findings in the order of their seeds.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use emulator_core::text_file;
use futures::{StreamExt, stream};
use tokio::task::spawn_blocking;

use super::checker::{Findings, ViolationKind};
use super::environment::Trace;
use super::record::Record;
use super::scenario::{Scenario, Size};
use super::shrink::shrunk;
use super::summary::Summary;
use crate::options::SimulationOptions;

mod reporter;

use reporter::Reporter;

/// Runs a scenario to its end and returns what happened, with the event log.
pub type Simulate = fn(&Scenario) -> (Record, Trace);

/// Runs the simulations that the options describe, reports each of them, and returns their summary.
///
/// # Errors
/// A file cannot be read or written.
pub async fn run(options: &SimulationOptions, simulate: Simulate) -> anyhow::Result<Summary> {
    let scenarios = Arc::new(Scenarios::of(options)?);
    let mut reporter = Reporter::new(options, scenarios.count());
    let mut summary = Summary::default();
    let mut first_failed = None;
    let mut results = stream::iter(0..scenarios.count())
        .map(|index| {
            let scenarios = Arc::clone(&scenarios);
            async move { checked(scenarios.at(index), simulate).await }
        })
        .buffered(threads(options));
    while let Some((scenario, findings, trace)) = results.next().await {
        summary.add(scenario.seed, &findings);
        reporter.simulation(&scenario, &findings);
        if let Some(file) = &options.trace {
            write(file, &trace.to_string())?;
        }
        let stop = options.stop_at_failure && !findings.is_clean();
        if !findings.is_clean() && first_failed.is_none() {
            first_failed = Some((scenario, findings));
        }
        if stop {
            break;
        }
    }
    drop(results);
    if let Some((scenario, findings)) = first_failed.filter(|_| options.shrink > 0) {
        let seed = scenario.seed;
        let kind = findings.kinds().next();
        let small = shrink(scenario, kind, options.shrink, simulate).await?;
        let file = options.out_dir.join(format!("simulation-{seed}.json"));
        write_scenario(&small, &file)?;
        reporter.shrunk(seed, &small, &file);
    }
    reporter.summary(&summary);
    Ok(summary)
}

/// Runs and checks a scenario on a thread that drives no runtime, because the simulation starts its own.
/// A panic fails this simulation alone.
async fn checked(scenario: Scenario, simulate: Simulate) -> (Scenario, Findings, Trace) {
    let on_thread = scenario.clone();
    let checked = spawn_blocking(move || {
        let (record, trace) = simulate(&on_thread);
        (Findings::of(&on_thread, &record), trace)
    });
    let (findings, trace) =
        checked.await.unwrap_or_else(|_| (Findings::of_panic(), Trace::default()));
    (scenario, findings, trace)
}

/// Shrinks a scenario as long as it has a violation of the same kind.
async fn shrink(
    scenario: Scenario,
    kind: Option<ViolationKind>,
    max_tries: usize,
    simulate: Simulate,
) -> anyhow::Result<Scenario> {
    let fails = move |scenario: &Scenario| {
        let run = || Findings::of(scenario, &simulate(scenario).0);
        let findings = std::panic::catch_unwind(run).unwrap_or_else(|_| Findings::of_panic());
        findings.kinds().any(|found| Some(found) == kind)
    };
    let shrunk = spawn_blocking(move || shrunk(&scenario, max_tries, fails));
    shrunk.await.context("shrink the failing scenario")
}

/// The scenarios of a run: generated from seeds, or read from a file.
enum Scenarios {
    Generated { first: u64, count: u64, size: Size },
    FromFile(Box<Scenario>),
}

impl Scenarios {
    fn of(options: &SimulationOptions) -> anyhow::Result<Self> {
        let scenarios = match &options.scenario {
            Some(file) => Self::FromFile(Box::new(read_scenario(file)?)),
            None => Self::Generated {
                first: options.first_seed,
                count: options.seeds,
                size: Size {
                    jobs: options.jobs,
                    fault_rate: options.fault_rate,
                    service: options.service,
                },
            },
        };
        if options.trace.is_some() && scenarios.count() != 1 {
            let count = scenarios.count();
            anyhow::bail!("write the trace of {count} simulations: --trace needs --seeds 1");
        }
        Ok(scenarios)
    }

    fn count(&self) -> u64 {
        match self {
            Self::Generated { count, .. } => *count,
            Self::FromFile(_) => 1,
        }
    }

    fn at(&self, index: u64) -> Scenario {
        match self {
            Self::Generated { first, size, .. } => Scenario::generated(first + index, size),
            Self::FromFile(scenario) => (**scenario).clone(),
        }
    }
}

/// Reads a scenario from a file.
///
/// # Errors
/// The file cannot be read, or holds no scenario.
pub fn read_scenario(file: &Path) -> anyhow::Result<Scenario> {
    let text = text_file::read(file).with_context(|| format!("read {}", text_file::name(file)))?;
    let scenario = serde_json::from_str(&text);
    scenario.with_context(|| format!("read the scenario in {}", text_file::name(file)))
}

fn write_scenario(scenario: &Scenario, file: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(scenario).context("write a scenario as JSON")?;
    write(file, &(text + "\n"))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

fn threads(options: &SimulationOptions) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    options.threads.unwrap_or_else(processors).max(1)
}

#[cfg(test)]
mod tests;
