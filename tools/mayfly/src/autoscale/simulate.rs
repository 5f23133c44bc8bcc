//! `mayfly autoscale simulate`: one pool per formula, each with the same tasks.
//!
//! ```text
//! trace ─▶ pool (one emulated account per formula, in virtual time) ─▶ timeline ─▶ CSV, summary, picture
//! ```

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

mod trace;
mod pool;
mod timeline;
mod picture;

use timeline::PoolTimeline;
use trace::Trace;

use crate::cli::Simulate;
use crate::print;

/// Prints the node counts of each formula's pool, and draws them if --picture is set.
pub(crate) async fn run(options: Simulate) -> anyhow::Result<ExitCode> {
    let timelines = timelines(&options).await?;
    if let Some(picture) = &options.picture {
        let svg = picture::svg(&timelines).context("draw the node counts")?;
        std::fs::write(picture, svg).with_context(|| format!("write {}", picture.display()))?;
    }
    print(report(&timelines, &options));
    Ok(ExitCode::SUCCESS)
}

async fn timelines(options: &Simulate) -> anyhow::Result<Vec<PoolTimeline>> {
    let trace = Trace::read(&read(&options.trace)?)
        .with_context(|| format!("read the trace in {}", options.trace.display()))?;
    let mut timelines = Vec::new();
    for formula in &options.formulas {
        let name = formula.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = read(formula)?;
        let timeline = pool::simulate(&name, &source, &trace, options).await;
        timelines.push(timeline.with_context(|| format!("simulate {}", formula.display()))?);
    }
    Ok(timelines)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn report(timelines: &[PoolTimeline], options: &Simulate) -> String {
    let summaries = timelines.iter().map(PoolTimeline::summary).collect::<Vec<_>>().join("\n");
    if options.counts { format!("{}\n{summaries}", timeline::counts(timelines)) } else { summaries }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Autoscale, Cli, Command};

    /// The command in `docs/emulator.md`, run in the root of the repository.
    const COMMAND: &str = "mayfly autoscale simulate --formula docs/simulation/article.txt --formula arm/autoscale/dedicated.txt --trace docs/simulation/day.csv --counts --picture docs/simulation/day.svg > docs/simulation/nodes.txt";

    #[tokio::test]
    async fn the_documented_results_are_current() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let words = COMMAND.split(" > ").next().unwrap().split(' ');
        let Command::Autoscale(Autoscale::Simulate(mut options)) = Cli::parse_from(words).command
        else {
            panic!("not a simulate command")
        };
        let files = options.formulas.iter_mut().chain([&mut options.trace]);
        files.for_each(|file| *file = root.join(&file));
        let timelines = timelines(&options).await.unwrap();
        let committed = |name| read(&root.join("docs/simulation").join(name)).unwrap();
        let update = format!("update it with: {COMMAND}");
        assert_eq!(report(&timelines, &options), committed("nodes.txt").trim_end(), "{update}");
        let svg = picture::svg(&timelines).unwrap();
        assert!(svg == committed("day.svg"), "the picture differs; {update}");
    }
}
