//! `bench`: measures the released handler beside the least that a receiver of webhooks can do.
//!
//! All programs run on this machine: the load, the subjects, the queue. The rounds of the subjects alternate, so that
//! other work on the machine affects all of them, and each figure comes with what others used meanwhile.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use local_deployment::{archive, release_build};

mod cli;
mod payload;
mod process;
mod machine;
mod load;
mod proxy;
mod floor;
mod sink;
mod subjects;
mod world;
mod webhook;
mod start;
mod burst;
mod reconcile;
mod instructions;
mod report;

use burst::Burst;
use cli::{All, Cli, Command, Part};
use machine::Machine;
use reconcile::Run;
use report::Report;
use subjects::Subject;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            progress(format_args!("failed to {err:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Some(Command::Floor { queue }) => floor::run(queue).await,
        Some(Command::Sink) => sink::run().await,
        Some(Command::Instructions(options)) => {
            let app = App::prepare(cli.all.package.as_deref())?;
            instructions::run(&app.handler, &options).await
        }
        None => measure(&cli.all).await,
    }
}

/// The unpacked package that is measured.
struct App {
    package: PathBuf,
    handler: PathBuf,
    _folder: tempfile::TempDir,
}

impl App {
    /// Unpacks a package, or builds the handler as a release does.
    fn prepare(package: Option<&Path>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("create a folder")?;
        let package = match package {
            Some(package) => package.to_owned(),
            None => {
                progress("building the handler");
                let built = release_build::handler()?;
                let code = std::fs::read(&built).context("read the handler")?;
                let package = folder.path().join("package.zip");
                std::fs::write(&package, archive::pack(&code)?).context("write the package")?;
                package
            }
        };
        let app = folder.path().join("app");
        archive::unpack(&package, &app)?;
        Ok(Self { package, handler: app.join("handler"), _folder: folder })
    }
}

async fn measure(options: &All) -> anyhow::Result<()> {
    let app = App::prepare(options.package.as_deref())?;
    let wanted = |part: Part| match options.only[..] {
        [] => !(options.short && part == Part::Growth),
        _ => options.only.contains(&part),
    };
    let mut subjects = vec![Subject::Floor, Subject::Handler(app.handler.clone())];
    subjects.extend(options.peers.iter().cloned().map(Subject::Peer));
    let mut report = Report {
        machine: Machine::here(),
        handler_bytes: std::fs::metadata(&app.handler).context("read the handler")?.len(),
        webhooks: Vec::new(),
        starts: Vec::new(),
        bursts: Vec::new(),
        reconciliation: Vec::new(),
        growth: Vec::new(),
    };
    if wanted(Part::Webhooks) {
        let (connections, rounds, seconds): (&[usize], _, _) = match options.short {
            true => (&[16], 1, 1),
            false => (&[1, 16, 64], options.rounds, options.seconds),
        };
        let time = (rounds, Duration::from_secs(seconds));
        report.webhooks = webhook::measure(&subjects, connections, time).await?;
    }
    if wanted(Part::Starts) {
        report.starts = start::measure(&subjects, if options.short { 5 } else { 20 }).await?;
    }
    if wanted(Part::Bursts) {
        report.bursts = bursts(&app, options.short).await?;
    }
    if wanted(Part::Reconciliation) {
        report.reconciliation = reconciliation(&app, options.short).await?;
    }
    if wanted(Part::Growth) {
        for tasks in [1_000, 4_000, 16_000] {
            report.growth.extend(reconcile::measure(&app.package, tasks, 0).await?);
        }
    }
    write(&report, options)
}

async fn bursts(app: &App, short: bool) -> anyhow::Result<Vec<Burst>> {
    let sizes: &'static [u64] = if short { &[1, 200] } else { &[1, 200, 10_000] };
    let places: &[(u64, u64, bool)] = match short {
        true => &[(100, 10, true)],
        false => &[(0, 0, false), (100, 0, false), (100, 10, false), (100, 10, true)],
    };
    let mut all = Vec::new();
    for &(batch_ms, queue_ms, host_cost) in places {
        let plan = burst::Plan { sizes, batch_ms, queue_ms, host_cost };
        all.extend(burst::measure(&app.package, plan).await?);
    }
    Ok(all)
}

async fn reconciliation(app: &App, short: bool) -> anyhow::Result<Vec<Run>> {
    let tasks = if short { 1_000 } else { 10_000 };
    let mut all = reconcile::measure(&app.package, tasks, 0).await?;
    if !short {
        all.extend(reconcile::measure(&app.package, tasks, 100).await?);
    }
    Ok(all)
}

fn write(report: &Report, options: &All) -> anyhow::Result<()> {
    print(report.markdown().trim_end());
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(report).expect("plain fields always serialize");
        std::fs::write(path, json + "\n").with_context(|| format!("write {}", path.display()))?;
    }
    match &options.write {
        Some(path) => report.replace_in(path),
        None => Ok(()),
    }
}

/// Writes a line to stdout. A closed stdout is no error.
fn print(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Writes a line about what is being done to stderr.
fn progress(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
