//! `mayfly autoscale simulate`: one pool per formula, each with the same tasks.
//!
//! ```text
//! trace ─▶ pool (one emulated account per formula, in virtual time) ─▶ timeline ─▶ CSV, summary, picture
//! ```

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use emulator_core::text_file;

mod trace;
mod pool;
mod timeline;
mod picture;

use timeline::PoolTimeline;
use trace::Trace;

use super::read;
use crate::cli::Simulate;
use crate::print;

/// Prints the node counts of each formula's pool, and draws them if --picture is set. Fails if a formula
/// could never be evaluated.
pub(crate) async fn run(options: Simulate) -> anyhow::Result<ExitCode> {
    let timelines = timelines(&options).await?;
    if let Some(picture) = &options.picture {
        let svg = picture::svg(&timelines).context("draw the node counts")?;
        std::fs::write(picture, svg).with_context(|| format!("write {}", picture.display()))?;
    }
    print(report(&timelines, &options));
    let failed = timelines.iter().any(|timeline| timeline.evaluations.none_succeeded());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn timelines(options: &Simulate) -> anyhow::Result<Vec<PoolTimeline>> {
    let trace = Trace::read(&read(&options.trace)?)
        .with_context(|| format!("read the trace in {}", text_file::name(&options.trace)))?;
    let mut timelines = Vec::new();
    for formula in &options.formulas {
        let name = Path::new(&text_file::name(formula).to_string())
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let source = read(formula)?;
        let timeline = pool::simulate(&name, &source, &trace, options).await;
        timelines.push(timeline.with_context(|| format!("simulate {}", text_file::name(formula)))?);
    }
    Ok(timelines)
}

fn report(timelines: &[PoolTimeline], options: &Simulate) -> String {
    let summaries = timelines.iter().map(PoolTimeline::summary);
    let failures = timelines.iter().filter_map(PoolTimeline::failures);
    let summaries = summaries.chain(failures).collect::<Vec<_>>().join("\n");
    if options.counts { format!("{}\n{summaries}", timeline::counts(timelines)) } else { summaries }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Autoscale, Cli, Command};

    /// The command in `docs/emulator.md`, run in the root of the repository.
    const COMMAND: &str = "mayfly autoscale simulate --formula docs/simulation/article.txt --formula arm/autoscale/dedicated.txt --trace docs/simulation/day.csv --counts --picture docs/simulation/day.svg > docs/simulation/nodes.txt";

    /// Simulates three hours of a formula in a file of these bytes, with three tasks.
    async fn simulate(formula: &[u8]) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_string_lossy().into_owned()
        };
        let formula = file("f.txt", formula);
        let trace =
            file("t.csv", b"\xEF\xBB\xBF# from PowerShell\r\n600,60\r\n600,60\r\n900,60\r\n");
        let words = ["mayfly", "autoscale", "simulate", "--formula", &formula, "--trace", &trace];
        let words = words.into_iter().chain(["--hours", "3", "--sample-lag", "60"]);
        let Command::Autoscale(Autoscale::Simulate(options)) = Cli::parse_from(words).command
        else {
            panic!("not a simulate command")
        };
        match timelines(&options).await {
            Ok(timelines) => {
                let failed = timelines.iter().any(|timeline| timeline.evaluations.none_succeeded());
                (report(&timelines, &options), failed)
            }
            Err(error) => {
                (format!("{error:#}").replace(&*folder.path().to_string_lossy(), ""), true)
            }
        }
    }

    #[tokio::test]
    async fn failed_evaluations_are_counted_with_the_last_error() {
        let cases: [(&[u8], &str, bool); 5] = [
            (b"\xEF\xBB\xBF$TargetDedicatedNodes = 1;", "f: 3.0 node hours", false),
            (
                b"$TargetDedicatedNodes = max($PendingTasks.GetSample(60 * TimeInterval_Second));",
                "f: 37 of 37 evaluations failed; last error: InsufficientSampleData: Line 1, Col",
                true,
            ),
            (
                b"$TargetDedicatedNodes = $PendingTasks > 0 ? 1 : 0;",
                "f: 1 of 37 evaluations failed; last error: AutoScalingFormulaEvaluationError: ",
                false,
            ),
            (b"\xFF\xFE$\0", "read /f.txt: the file is encoded in UTF-16; save it as UTF-8", true),
            (b"$x = ", "AutoScalingFormulaSyntaxError", true),
        ];
        for (formula, expected, failed) in cases {
            let shown = simulate(formula).await;
            let described = String::from_utf8_lossy(formula);
            assert!(shown.0.contains(expected), "{described}: {}", shown.0);
            assert_eq!(shown.1, failed, "{described}: {}", shown.0);
        }
    }

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
