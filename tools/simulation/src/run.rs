//! `mayfly storm`: storms on all processors, their verdicts in the order of their seeds, and one summary.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context;

use super::plan::{Plan, Size};
use super::record::Record;
use super::shrink::shrunk;
use super::summary::Summary;
use super::threads;
use super::verdict::Verdict;
use super::world::Trace;
use crate::options::Storm;

mod telling;

use telling::Teller;

/// Plays a plan to its end: gives what happened, and the trace of it.
pub type Play = fn(&Plan) -> (Record, Trace);

/// Plays the storms that the options ask for, tells of them, and gives what they came to.
///
/// # Errors
/// A file cannot be read or written.
pub fn run(options: &Storm, play: Play) -> anyhow::Result<Summary> {
    let plans = Plans::of(options)?;
    let mut teller = Teller::new(options, plans.count());
    let mut summary = Summary::default();
    let mut first_failed = None;
    let mut written = Ok(());
    let judge = |place| {
        let plan = plans.at(place);
        let (verdict, trace) = judged(&plan, play);
        (plan, verdict, trace)
    };
    threads::in_order(0..plans.count(), threads(options), judge, |(plan, verdict, trace)| {
        summary.add(plan.seed, &verdict);
        teller.storm(&plan, &verdict);
        if let Some(file) = &options.trace {
            written = fs::write(file, trace.to_string())
                .with_context(|| format!("write {}", file.display()));
        }
        let clean = verdict.is_clean();
        if !clean && first_failed.is_none() {
            first_failed = Some((plan, verdict));
        }
        let stop = options.stop_at_failure && !clean;
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    written?;
    if let Some((plan, verdict)) = first_failed.filter(|_| options.shrink > 0) {
        let small = shrunk(&plan, options.shrink, |plan| {
            judged(plan, play).0.kinds().any(|kind| Some(kind) == verdict.kinds().next())
        });
        let file = options.into.join(format!("storm-{}.json", plan.seed));
        write_plan(&small, &file)?;
        teller.smaller(plan.seed, &small, &file);
    }
    teller.summary(&summary);
    Ok(summary)
}

/// Plays and judges a plan. A panic is the storm's failure, not the end of the others.
///
/// Each play has a thread of its own: it starts a runtime, and a thread that drives one cannot.
fn judged(plan: &Plan, play: Play) -> (Verdict, Trace) {
    match std::thread::scope(|scope| scope.spawn(|| play(plan)).join()) {
        Ok((record, trace)) => (Verdict::of(plan, &record), trace),
        Err(_) => (Verdict::of_panic(), Trace::default()),
    }
}

/// The plans of a run: drawn from seeds, or the one of a file.
enum Plans {
    Drawn { first: u64, count: u64, size: Size },
    Kept(Box<Plan>),
}

impl Plans {
    fn of(options: &Storm) -> anyhow::Result<Self> {
        let plans = match &options.plan {
            Some(file) => Self::Kept(Box::new(read_plan(file)?)),
            None => Self::Drawn {
                first: options.first_seed,
                count: options.seeds,
                size: Size { jobs: options.jobs, faulty: options.faulty },
            },
        };
        if options.trace.is_some() && plans.count() != 1 {
            anyhow::bail!("write the trace of {} storms: --trace takes --seeds 1", plans.count());
        }
        Ok(plans)
    }

    fn count(&self) -> u64 {
        match self {
            Self::Drawn { count, .. } => *count,
            Self::Kept(_) => 1,
        }
    }

    fn at(&self, place: u64) -> Plan {
        match self {
            Self::Drawn { first, size, .. } => Plan::drawn(first + place, size),
            Self::Kept(plan) => (**plan).clone(),
        }
    }
}

/// Reads a plan that was written to a file.
///
/// # Errors
/// The file cannot be read, or holds no plan.
pub fn read_plan(file: &Path) -> anyhow::Result<Plan> {
    let text = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("read the plan in {}", file.display()))
}

fn write_plan(plan: &Plan, file: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(plan).context("write a plan as JSON")?;
    fs::write(file, text + "\n").with_context(|| format!("write {}", file.display()))
}

fn threads(options: &Storm) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    options.threads.unwrap_or_else(processors)
}

#[cfg(test)]
mod tests;
