//! `mayfly autoscale judge`: plans for generated loads, judged on weeks that they have not seen.

use std::process::ExitCode;

use anyhow::Context;
use planner::choice::Objective;
use planner::generators::{Generator, SEEDS};
use planner::picture;
use planner::plan::{Judging, Plan};
use planner::report::{Report, Row};
use planner::timings::Timings;
use planner::weeks::Conditions;
use serde::{Deserialize, Serialize};

use super::plan::{drawn, progress, write};
use crate::cli::Judge;
use crate::print;

/// Prints a table for each load and seed.
pub(crate) fn run(options: &Judge) -> anyhow::Result<ExitCode> {
    let traces =
        if options.traces.is_empty() { Generator::ALL.to_vec() } else { options.traces.clone() };
    let seeds = if options.seeds.is_empty() { SEEDS.to_vec() } else { options.seeds.clone() };
    let mut plans = Vec::new();
    for generator in traces {
        for seed in seeds.iter().copied() {
            plans.push((seed, plan(generator, seed)));
        }
    }
    if let Some(file) = &options.svg {
        let first = plans.iter().filter(|(seed, _)| Some(seed) == seeds.first());
        let weeks = first
            .filter_map(|(seed, plan)| drawn(plan, &format!("{}, seed {seed}", plan.trace.name)));
        write(file, &picture::svg(&weeks.collect::<Vec<_>>())?)?;
    }
    let judged: Vec<Judged> = plans.iter().map(|(seed, plan)| Judged::of(*seed, plan)).collect();
    print(if options.json {
        serde_json::to_string_pretty(&judged).context("serialize the figures")?
    } else {
        markdown(&judged)
    });
    Ok(ExitCode::SUCCESS)
}

/// The figures of a load and seed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    trace: String,
    seed: u64,
    jobs_a_week: usize,
    judged_weeks: Vec<usize>,
    rows: Vec<Row>,
}

impl Judged {
    fn of(seed: u64, plan: &Plan) -> Self {
        let report = Report::of(plan, "ubuntu", None);
        Self {
            jobs_a_week: report.jobs / report.weeks.max(1),
            trace: report.trace,
            seed,
            judged_weeks: report.judged_weeks,
            rows: report.rows,
        }
    }
}

/// Plans for a generated load, and judges the plan.
fn plan(generator: Generator, seed: u64) -> Plan {
    let trace = generator.trace(seed);
    let max_nodes = generator.max_nodes();
    let conditions = Conditions { max_nodes, timings: Timings::REPORTED, seed };
    let judging = Judging { from: generator.judged_from(), resamples: 0 };
    let progress = progress(Plan::steps(&trace, &[1], judging));
    let count = || progress.inc(1);
    let plan = Plan::of(trace, conditions, &[1], Objective::Balanced, judging, &count);
    progress.finish_and_clear();
    plan
}

/// Returns a table with a line for each load and row; the figures of the seeds are beside each other.
fn markdown(judged: &[Judged]) -> String {
    let mut text = "| load | | node hours, reference 1 | p95, minutes | reference 1 | worst, minutes |\n|---|---|---|---|---|---|".to_owned();
    let minutes = |seconds: u32| format!("{:.1}", f64::from(seconds) / 60.0);
    for of_trace in judged.chunk_by(|one, other| one.trace == other.trace) {
        let jobs =
            of_trace.iter().map(|one| one.jobs_a_week).sum::<usize>() / of_trace.len().max(1);
        for index in 0..of_trace.first().map_or(0, |first| first.rows.len()) {
            let figures = |figure: &dyn Fn(&Row) -> String| {
                of_trace.iter().map(|one| figure(&one.rows[index])).collect::<Vec<_>>().join(" · ")
            };
            let load = if index == 0 {
                format!("{}, {jobs} jobs a week", of_trace[0].trace)
            } else {
                String::new()
            };
            let cells = [
                load,
                of_trace[0].rows[index].name.clone(),
                figures(&|row| format!("{:.2}", row.node_hours_ratio)),
                figures(&|row| minutes(row.p95)),
                figures(&|row| row.p95_ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"))),
                figures(&|row| minutes(row.worst)),
            ];
            text += &format!("\n| {} |", cells.join(" | "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The command of docs/autoscaling.md.
    const UPDATE: &str = "update it with: mayfly autoscale judge --json --svg docs/simulation/autoscaling.svg >docs/simulation/autoscaling.json";

    fn documented() -> Vec<Judged> {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulation/autoscaling.json");
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    #[test]
    fn the_documented_figures_are_those_of_the_command() {
        let documented = documented();
        assert_eq!(documented.len(), Generator::ALL.len() * SEEDS.len());
        let small = documented.iter().find(|one| one.trace == "small" && one.seed == 1).unwrap();
        assert_eq!(*small, Judged::of(1, &plan(Generator::Small, 1)), "{UPDATE}");
    }

    #[test]
    fn the_documented_table_is_that_of_the_figures() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/autoscaling.md");
        let page = std::fs::read_to_string(page).unwrap();
        assert!(
            page.contains(&markdown(&documented())),
            "docs/autoscaling.md: {UPDATE}\n{}",
            markdown(&documented())
        );
    }
}
