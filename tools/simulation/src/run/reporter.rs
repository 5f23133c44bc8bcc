//! Reports simulations as they are checked: failures as text, or every simulation as a JSON object.

use std::io::IsTerminal;
use std::path::Path;

use clap::ValueEnum as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::checker::Findings;
use crate::options::SimulationOptions;
use crate::scenario::Scenario;
use crate::summary::Summary;

/// Violations of one kind that are printed for a simulation; the others are counted.
const MAX_PRINTED: usize = 10;

/// Prints the progress and the results of a run.
pub(super) struct Reporter<'a> {
    options: &'a SimulationOptions,
    bar: ProgressBar,
}

impl<'a> Reporter<'a> {
    /// Makes a reporter for a number of simulations.
    pub(super) fn new(options: &'a SimulationOptions, simulations: u64) -> Self {
        let bar = if options.json || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} simulations, {elapsed}");
            ProgressBar::new(simulations)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        };
        Self { options, bar }
    }

    /// Reports one simulation.
    pub(super) fn simulation(&mut self, scenario: &Scenario, findings: &Findings) {
        self.bar.inc(1);
        if self.options.json {
            print(object(scenario, findings, &self.command(scenario)));
        } else if !findings.is_clean() {
            self.bar.suspend(|| print(text(scenario, findings, &self.command(scenario))));
        }
    }

    /// Reports the shrunk scenario of a failed simulation.
    pub(super) fn shrunk(&self, seed: u64, scenario: &Scenario, file: &Path) {
        let (jobs, faults) = (scenario.jobs.len(), scenario.scheduled_faults.len());
        let command = format!("mayfly sim --scenario {}", file.display());
        if self.options.json {
            print(json!({
                "event": "shrunk", "seed": seed, "jobs": jobs, "scheduled_faults": faults, "repeat": command,
            }));
        } else {
            print(format_args!(
                "simulation {seed} also fails with {jobs} jobs and {faults} scheduled faults: {command}"
            ));
        }
    }

    /// Reports the summary of all simulations.
    pub(super) fn summary(&self, summary: &Summary) {
        self.bar.finish_and_clear();
        if self.options.json { print(summary.json()) } else { print(summary) }
    }

    /// Returns the command that repeats one simulation.
    fn command(&self, scenario: &Scenario) -> String {
        let options = self.options;
        if let Some(file) = &options.scenario {
            return format!("mayfly sim --scenario {}", file.display());
        }
        let rate =
            options.fault_rate.map_or_else(String::new, |rate| format!(" --fault-rate {rate}"));
        let service = options.service.and_then(|service| service.to_possible_value());
        let service = service.map(|service| format!(" --service {}", service.get_name()));
        let (seed, service) = (scenario.seed, service.unwrap_or_default());
        format!("mayfly sim --first-seed {seed} --seeds 1 --jobs {}{rate}{service}", options.jobs)
    }
}

fn text(scenario: &Scenario, findings: &Findings, command: &str) -> String {
    let mut text = format!("simulation {} failed; repeat it by: {command}", scenario.seed);
    for (kind, violations) in findings.violations() {
        for violation in violations.iter().take(MAX_PRINTED) {
            text += &format!("\n  {kind}: {violation}");
        }
        if violations.len() > MAX_PRINTED {
            text += &format!("\n  {kind}: {} more", violations.len() - MAX_PRINTED);
        }
    }
    text
}

fn object(scenario: &Scenario, findings: &Findings, command: &str) -> serde_json::Value {
    let mut object = json!({
        "event": "simulation", "seed": scenario.seed, "jobs": findings.jobs, "served": findings.served,
        "cancelled": findings.cancelled, "foreign": findings.foreign, "unused_runners": findings.unused_runners,
        "lost": findings.lost.len(), "duplicated": findings.duplicated.len(), "leaked": findings.leaked.len(),
        "incorrect": findings.incorrect.len(),
    });
    if !findings.is_clean() {
        let violations = findings.violations().flat_map(|(kind, violations)| {
            violations.iter().take(MAX_PRINTED).map(move |violation| format!("{kind}: {violation}"))
        });
        object["violations"] = violations.collect::<Vec<_>>().into();
        object["repeat"] = command.into();
    }
    object
}

/// Writes a line on stdout; an error only means that its reader is gone.
fn print(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
