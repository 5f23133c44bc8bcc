//! `mayfly autoscale judge`: plans for generated loads, judged on weeks that they have not seen.

use std::process::ExitCode;

use anyhow::Context;
use planner::choice::Objective;
use planner::generators::{Generator, SEEDS};
use planner::picture;
use planner::plan::Plan;
use planner::report::{Report, Row, table};
use planner::timings::Timings;
use planner::weeks::Conditions;
use serde_json::json;

use super::plan::{drawn, progress, write};
use crate::cli::Judge;
use crate::print;

/// Prints a table for each load and seed.
pub(crate) fn run(options: &Judge) -> anyhow::Result<ExitCode> {
    let traces = if options.traces.is_empty() { Generator::ALL.to_vec() } else { options.traces.clone() };
    let seeds = if options.seeds.is_empty() { SEEDS.to_vec() } else { options.seeds.clone() };
    let mut plans = Vec::new();
    for generator in traces {
        for seed in seeds.iter().copied() {
            plans.push((seed, plan(generator, seed)));
        }
    }
    if let Some(file) = &options.svg {
        let first = plans.iter().filter(|(seed, _)| Some(seed) == seeds.first());
        let weeks = first.filter_map(|(seed, plan)| drawn(plan, &format!("{}, seed {seed}", plan.trace.name)));
        write(file, &picture::svg(&weeks.collect::<Vec<_>>())?)?;
    }
    let reports: Vec<_> =
        plans.iter().map(|(seed, plan)| (*seed, Report::of(plan, "ubuntu", None))).collect();
    print(if options.json { as_json(&reports)? } else { as_markdown(&reports) });
    Ok(ExitCode::SUCCESS)
}

/// Plans for a generated load, and judges the plan.
fn plan(generator: Generator, seed: u64) -> Plan {
    let trace = generator.trace(seed);
    let max_nodes = generator.max_nodes();
    let conditions = Conditions { max_nodes, timings: Timings::REPORTED, seed };
    let progress = progress(Plan::cells(&trace, &[1]));
    let count = || progress.inc(1);
    let plan =
        Plan::of(trace, conditions, &[1], Objective::Balanced, generator.judged_from(), &count);
    progress.finish_and_clear();
    plan
}

fn as_json(reports: &[(u64, Report)]) -> anyhow::Result<String> {
    let all = reports.iter().map(|(seed, report)| {
        json!({ "trace": report.trace, "seed": seed, "jobs": report.jobs, "judgedWeeks": report.judged_weeks, "rows": report.rows })
    });
    serde_json::to_string_pretty(&all.collect::<Vec<_>>()).context("serialize the figures")
}

/// Returns a table for each load; its rows are those of all seeds.
fn as_markdown(reports: &[(u64, Report)]) -> String {
    let mut text = String::new();
    for (seed, report) in reports {
        let named = |row: &Row| Row { name: format!("{}, {seed}: {}", report.trace, row.name), ..row.clone() };
        let rows: Vec<Row> = report.rows.iter().map(named).collect();
        text += &format!("{} jobs a week; weeks {:?} judged\n\n{}\n\n", report.jobs / report.weeks.max(1), report.judged_weeks, table(&rows, true));
    }
    text.trim_end().to_owned()
}
