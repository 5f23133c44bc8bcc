//! Tells of storms as they are judged: to a person what failed, to a program each.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::options::Storm;
use crate::plan::Plan;
use crate::summary::Summary;
use crate::verdict::Verdict;

/// More faults than these of one storm are counted, and not told.
const TOLD: usize = 10;

/// Prints what is told.
pub(super) struct Teller<'a> {
    options: &'a Storm,
    bar: ProgressBar,
}

impl<'a> Teller<'a> {
    /// Makes a teller of so many storms.
    pub(super) fn new(options: &'a Storm, storms: u64) -> Self {
        let bar = if options.json || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} storms, {elapsed}");
            ProgressBar::new(storms)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        };
        Self { options, bar }
    }

    /// Tells of a storm.
    pub(super) fn storm(&mut self, plan: &Plan, verdict: &Verdict) {
        self.bar.inc(1);
        if self.options.json {
            print(line(plan, verdict, &self.repeat(plan)));
        } else if !verdict.is_clean() {
            self.bar.suspend(|| print(words(plan, verdict, &self.repeat(plan))));
        }
    }

    /// Tells of the smaller plan that was found for a storm.
    pub(super) fn smaller(&self, seed: u64, plan: &Plan, file: &Path) {
        let (jobs, accidents) = (plan.jobs.len(), plan.accidents.len());
        let command = format!("mayfly storm --plan {}", file.display());
        if self.options.json {
            let smaller = json!({
                "event": "smaller", "seed": seed, "jobs": jobs, "accidents": accidents, "repeat": command,
            });
            print(smaller);
        } else {
            print(format_args!(
                "storm {seed} fails with {jobs} jobs and {accidents} accidents as well: {command}"
            ));
        }
    }

    /// Tells what all storms came to.
    pub(super) fn summary(&self, summary: &Summary) {
        self.bar.finish_and_clear();
        if self.options.json { print(summary.json()) } else { print(summary) }
    }

    /// The command that plays one storm again.
    fn repeat(&self, plan: &Plan) -> String {
        let options = self.options;
        if let Some(file) = &options.plan {
            return format!("mayfly storm --plan {}", file.display());
        }
        let faulty = options.faulty.map_or_else(String::new, |share| format!(" --faulty {share}"));
        format!("mayfly storm --first-seed {} --seeds 1 --jobs {}{faulty}", plan.seed, options.jobs)
    }
}

fn words(plan: &Plan, verdict: &Verdict, repeat: &str) -> String {
    let mut text = format!("storm {} failed; to play it again: {repeat}", plan.seed);
    for (kind, faults) in verdict.faults() {
        for fault in faults.iter().take(TOLD) {
            text += &format!("\n  {kind}: {fault}");
        }
        if faults.len() > TOLD {
            text += &format!("\n  {kind}: {} more", faults.len() - TOLD);
        }
    }
    text
}

fn line(plan: &Plan, verdict: &Verdict, repeat: &str) -> serde_json::Value {
    let mut line = json!({
        "event": "storm", "seed": plan.seed, "jobs": verdict.jobs, "served": verdict.served,
        "cancelled": verdict.cancelled, "elsewhere": verdict.elsewhere, "surplus": verdict.surplus,
        "lost": verdict.lost.len(), "doubled": verdict.doubled.len(), "left_over": verdict.left_over.len(),
        "astray": verdict.astray.len(),
    });
    if !verdict.is_clean() {
        let faults = verdict.faults().map(|(kind, faults)| {
            let told = faults.iter().take(TOLD).map(move |fault| format!("{kind}: {fault}"));
            told.collect::<Vec<_>>()
        });
        line["faults"] = faults.flatten().collect::<Vec<_>>().into();
        line["repeat"] = repeat.into();
    }
    line
}

/// Writes a line on stdout; an error only says that its reader is gone.
fn print(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
