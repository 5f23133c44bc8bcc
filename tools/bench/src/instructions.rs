//! The instructions of a delivery, counted by valgrind's callgrind in the released handler. Unlike a time, the number
//! repeats on a busy machine.
//!
//! Two handlers take in a different number of deliveries, and the difference between their totals is that of the
//! further deliveries. Valgrind has no instructions for SHA-256, so the signature is computed without them and weighs
//! more than on a real processor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::cli::Instructions;
use crate::load::{Target, Until};
use crate::payload::{Delivery, deliveries};
use crate::process::Program;
use crate::subjects::{handler_under, sink};
use crate::{print, progress};

/// The deliveries of the two handlers.
const FEW: u64 = 100;
const MANY: u64 = 600;

/// The number that is expected.
#[derive(Debug, Deserialize, Serialize)]
struct Baseline {
    /// The instructions of a delivery.
    instructions: u64,
    /// By how many percent the number may differ.
    tolerance_percent: f64,
}

/// Counts the instructions of a delivery, and compares them with the baseline.
///
/// # Errors
/// Valgrind is missing, or the number is not the expected one.
pub(crate) async fn run(handler: &Path, options: &Instructions) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("create a folder")?;
    let few = count(handler, &folder.path().join("few"), deliveries(1, FEW)).await?;
    let many = count(handler, &folder.path().join("many"), deliveries(1, MANY)).await?;
    let each = many.saturating_sub(few) / (MANY - FEW);
    print(format_args!("{each} instructions for each delivery"));
    let text = std::fs::read_to_string(&options.baseline);
    let path = options.baseline.display();
    let mut baseline: Baseline =
        serde_json::from_str(&text.with_context(|| format!("read {path}"))?)
            .with_context(|| format!("read {path}"))?;
    if options.update {
        baseline.instructions = each;
        let text = serde_json::to_string_pretty(&baseline).expect("plain fields always serialize");
        return std::fs::write(&options.baseline, text + "\n")
            .with_context(|| format!("write {path}"));
    }
    baseline.compare(each, &options.baseline)
}

impl Baseline {
    fn compare(&self, each: u64, path: &Path) -> anyhow::Result<()> {
        let percent = (each as f64 / self.instructions as f64 - 1.0) * 100.0;
        let (expected, allowed, path) = (self.instructions, self.tolerance_percent, path.display());
        if percent.abs() <= allowed {
            print(format_args!("{percent:+.1} % of {expected}, and {allowed} % are allowed"));
            return Ok(());
        }
        bail!(
            "keep to {path}: {each} instructions are {percent:+.1} % of {expected}, and {allowed} % are allowed; find the cause with callgrind_annotate, or run `bench instructions --update`"
        )
    }
}

/// Runs a handler under callgrind until it has accepted these deliveries; returns its instructions.
async fn count(handler: &Path, out: &Path, jobs: Arc<[Delivery]>) -> anyhow::Result<u64> {
    progress(format_args!("instructions: {} deliveries", jobs.len()));
    let (_queue, url) = sink().await?;
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(handler);
    let mut command = handler_under(&mut command, &url);
    // One worker: which of several runs a task differs from time to time.
    command.env("TOKIO_WORKER_THREADS", "1").env("PATH", PATH).env("HOME", "/tmp");
    let program = Program::start(&mut command).await;
    let program = program.context("start valgrind, which package valgrind has")?;
    let responses = Target::handler(program.address).load(&jobs, 1, Until::AllSent).await?;
    ensure!(
        responses.errors == 0,
        "deliver {} jobs: {} were rejected",
        jobs.len(),
        responses.errors
    );
    program.interrupt().await?;
    total(out)
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Reads the total of a file that callgrind has written.
fn total(out: &Path) -> anyhow::Result<u64> {
    let file = PathBuf::from(out);
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    total_in(&text).with_context(|| format!("find the total in {}", file.display()))
}

fn total_in(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_callgrind_is_read() {
        assert_eq!(total_in("events: Ir\nfn=main\n1 2\ntotals: 4711\n"), Some(4711));
        assert_eq!(total_in("events: Ir\n"), None);
    }

    #[test]
    fn a_number_beyond_the_tolerance_is_an_error_in_both_directions() {
        let baseline = Baseline { instructions: 1000, tolerance_percent: 3.0 };
        let compared =
            [969, 971, 1029, 1031].map(|each| baseline.compare(each, Path::new("b")).is_ok());
        assert_eq!(compared, [false, true, true, false]);
    }
}
