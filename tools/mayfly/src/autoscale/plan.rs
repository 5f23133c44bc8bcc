//! `mayfly autoscale plan`: the numbers of a pool for its own history of jobs.
//!
//! ```text
//! history, CSV, GitHub or generated load ─▶ trace ─▶ plan ─▶ text or JSON, picture, parameters or formula
//! ```

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use emulator_core::text_file;
use handler::history::Prices;
use indicatif::{ProgressBar, ProgressStyle};
use planner::choice::Objective;
use planner::formula::Settings;
use planner::input::{self, EndedJob, InputError};
use planner::picture::{self, Week};
use planner::plan::Judging;
use planner::report::Report;
use planner::timings::{Range, Timings};
use planner::trace::Trace;
use planner::weeks::{Conditions, week_of};
use serde_json::json;

use super::{live_price, past_jobs, read};
use crate::cli::{JobSource, MaxCost, Plan, PriceSource, TemplatePool};
use crate::print;

/// The template's default of a pool's maximum of nodes.
const DEFAULT_MAX_NODES: u32 = 10;

/// Prints a plan, and writes what the options name.
pub(crate) async fn run(options: &Plan) -> anyhow::Result<ExitCode> {
    let price = price(options).await?;
    let plan = plan(options, price).await?;
    let report = Report::of(&plan, options.pool.prefix(), Some(price));
    if let Some(file) = &options.svg {
        write(file, &drawing(&plan)?)?;
    }
    if let Some(file) = &options.write {
        write(file, &written(file, &report)?)?;
    }
    if options.json {
        print(serde_json::to_string_pretty(&report).context("serialize the plan")?);
    } else {
        print(report.text());
        let written = options.write.as_ref().map(|file| format!("written to {}", file.display()));
        print(written.unwrap_or_else(|| {
            "--write plan.json writes them to a parameter file, --write formula.txt the formula"
                .to_owned()
        }));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the jobs and plans for them.
async fn plan(options: &Plan, price: f64) -> anyhow::Result<planner::plan::Plan> {
    let trace = trace(options).await?;
    let generated = options.source.trace;
    let max_nodes = generated.map_or(DEFAULT_MAX_NODES, |generator| generator.max_nodes());
    let milliseconds = |time: std::time::Duration| i64::try_from(time.as_millis());
    let boot = Range { from: milliseconds(options.boot.from)?, to: milliseconds(options.boot.to)? };
    let conditions = Conditions {
        max_nodes: options.max_nodes.unwrap_or(max_nodes),
        timings: Timings { boot, ..Timings::REPORTED },
        seed: options.seed,
    };
    let objective = objective(options, price);
    let judging = Judging {
        from: generated.map_or(0, |generator| generator.judged_from()),
        resamples: options.resamples,
    };
    let progress = progress(planner::plan::Plan::steps(&trace, &options.slots, judging));
    let count = || progress.inc(1);
    let plan =
        planner::plan::Plan::of(trace, conditions, &options.slots, objective, judging, &count);
    progress.finish_and_clear();
    Ok(plan)
}

/// Creates a progress bar for simulated weeks; it is hidden if stderr is no terminal.
pub(super) fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} weeks simulated, {eta} left");
    let bar = ProgressBar::new(steps);
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

async fn trace(options: &Plan) -> anyhow::Result<Trace> {
    let JobSource { history, csv, github, trace } = &options.source;
    if let Some(generator) = trace {
        return Ok(generator.trace(options.seed));
    }
    let (name, jobs) = match (history, csv, github) {
        (Some(file), ..) => jobs_in(file, input::json_lines)?,
        (None, Some(file), _) => jobs_in(file, input::csv)?,
        (None, None, Some(scope)) => {
            (scope.to_string(), past_jobs::read(scope, &options.reading).await?)
        }
        (None, None, None) => anyhow::bail!("find the jobs: name a file with --history or --csv"),
    };
    let trace = input::trace(&name, &jobs, options.profile.as_deref());
    trace.with_context(|| format!("plan for the jobs of {name}"))
}

/// Reads the jobs in a file; returns its name, too.
fn jobs_in(
    file: &Path,
    parse: fn(&str) -> Result<Vec<EndedJob>, InputError>,
) -> anyhow::Result<(String, Vec<EndedJob>)> {
    let name = text_file::name(file).to_string();
    let jobs = parse(&read(file)?).with_context(|| format!("read the jobs in {name}"))?;
    Ok((name, jobs))
}

fn objective(options: &Plan, price: f64) -> Objective {
    match (options.max_wait, options.max_cost) {
        (Some(objective), _) => objective,
        (None, Some(MaxCost::NodeHours(node_hours))) => Objective::MaxCost { node_hours },
        (None, Some(MaxCost::Money(amount))) => {
            Objective::MaxCost { node_hours: amount / price.max(f64::MIN_POSITIVE) }
        }
        (None, None) => Objective::Balanced,
    }
}

/// Returns the price of an hour of a slot.
async fn price(options: &Plan) -> anyhow::Result<f64> {
    let (size, windows) = (&options.vm_size, options.pool == TemplatePool::Windows);
    let hour = match (options.price, options.prices) {
        (Some(price), _) => price,
        (None, Some(PriceSource::Live)) => {
            live_price::hour(&options.prices_api, &options.region, size, windows).await?
        }
        (None, None) => Prices::shipped().hour(size, windows).with_context(|| {
            format!("find the price of {size}: the table has none; name it with --price, or ask for it with --prices live")
        })?,
    };
    Ok(hour / f64::from(options.slots.first().copied().unwrap_or(1)))
}

/// Draws the last judged week, with the plan that was chosen for it.
fn drawing(plan: &planner::plan::Plan) -> anyhow::Result<String> {
    let week = drawn(plan, &plan.trace.name).context(
        "draw a week: none is judged, because the history is too short; leave out --svg",
    )?;
    Ok(picture::svg(&[week])?)
}

/// Returns the last judged week for a picture.
pub(super) fn drawn<'a>(plan: &'a planner::plan::Plan, title: &str) -> Option<Week<'a>> {
    let week = plan.judged.weeks.clone().last()?;
    let (candidate, _) = plan.judged.choices.last()?;
    let max_nodes = plan.conditions.max_nodes;
    let settings = candidate.settings(&plan.demand, week, max_nodes.div_ceil(candidate.slots))?;
    let simulate =
        |slots, settings: &Settings| week_of(&plan.trace, &plan.conditions, slots, settings, week);
    Some(Week {
        title: format!("{title}, week {}", week + 1),
        jobs: plan.trace.week(week),
        plan: simulate(candidate.slots, &settings),
        reference: simulate(1, &Settings::reference(max_nodes)),
    })
}

/// Returns the contents of the file to write: parameters for the template, or the formula.
fn written(file: &Path, report: &Report) -> anyhow::Result<String> {
    if file.extension().is_none_or(|extension| extension != "json") {
        return Ok(report.formula.clone());
    }
    let parameters =
        report.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value })));
    let parameters: serde_json::Map<_, _> = parameters.collect();
    let text = serde_json::to_string_pretty(&json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
    }));
    Ok(text.context("serialize the parameters")? + "\n")
}

/// Writes a file.
pub(super) fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}
