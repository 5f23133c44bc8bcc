//! The command line of Mayfly.
//!
//! `demo` and `up` run a [`local_deployment::LocalDeployment`]: the real handler under the emulated Functions host, with
//! emulated storage, Batch and GitHub. The tests in `tests/scenarios` run it as well.
//!
//! One program has four names: the Functions host starts it as `handler`, the runner directory of an emulated node
//! starts it as `Runner.Listener`, it starts itself as its [`guard`], and a person starts it as `mayfly`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use emulator_core::guard::{self, Guard};
use emulator_core::signals::EndSignals;
use simulation::options::SimulationOptions;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub mod cli;
mod deployment;
mod local;
mod demo;
mod up;
mod up_client;
mod token_file;
mod emulate;
mod autoscale;
mod package;
mod client;
mod manual;
mod status;
mod web;
mod summary;
mod replay;
mod pause;
mod doctor;
mod history;
mod github_access;
mod logs;

use cli::{Autoscale, Cli, Command};

/// Runs the handler, the runner, the agent or the command line, depending on the name of the program.
pub fn main() -> ExitCode {
    let program = std::env::args_os().next().unwrap_or_default();
    if let Some(home) = github_runner_emulator::runner_home(&program) {
        return run_listener(home);
    }
    if let Some(home) = azure_pipelines_agent_emulator::agent_home(&program) {
        return run_agent(&home);
    }
    if is_handler(&program) {
        return handler::process::run(local_deployment::clock::handler_clock());
    }
    if guard::is_guard(&program) {
        return guard::main();
    }
    run_command(Cli::parse())
}

fn is_handler(program: &OsString) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == "handler")
}

#[expect(
    clippy::disallowed_methods,
    reason = "GitHub's runner reads its settings from the environment"
)]
fn run_listener(home: std::path::PathBuf) -> ExitCode {
    let arguments = std::env::args().skip(1).collect();
    let environment = std::env::vars().collect();
    runtime().block_on(github_runner_emulator::main(arguments, environment, home))
}

#[expect(clippy::disallowed_methods, reason = "an agent's environment becomes its capabilities")]
fn run_agent(home: &Path) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let environment = std::env::vars().collect();
    runtime().block_on(azure_pipelines_agent_emulator::main(&arguments, &environment, home))
}

fn run_command(cli: Cli) -> ExitCode {
    init_log();
    let guard = if cli.command.starts_processes() { Guard::start() } else { Guard::default() };
    let done = runtime().block_on(async {
        match cli.command {
            Command::Demo(options) => demo::run(options, guard.clone()).await,
            Command::Up(options) => up::run(options, guard.clone()).await,
            Command::Local(options) => local::run(options, guard.clone()).await,
            Command::QueueJob(options) => up_client::queue_job(options).await,
            Command::CancelJob(options) => up_client::cancel_job(options).await,
            Command::Emulate(options) => emulate::run(options, guard.clone()).await,
            Command::Autoscale(Autoscale::Evaluate(options)) => autoscale::evaluate::run(&options),
            Command::Autoscale(Autoscale::Simulate(options)) => {
                autoscale::simulate::run(options).await
            }
            Command::Autoscale(Autoscale::Plan(options)) => autoscale::plan::run(&options).await,
            Command::Autoscale(Autoscale::Judge(options)) => autoscale::judge::run(&options),
            Command::Sim(options) => simulate(&options).await,
            Command::Package(options) => package::run(&options),
            Command::Status(options) => status::run(&options).await,
            Command::Replay(options) => replay::run(options).await,
            Command::Logs(options) => logs::run(&options).await,
            Command::Doctor(options) => doctor::run(&options).await,
            Command::History(options) => history::run(options).await,
            Command::Pause(options) => pause::pause(options).await,
            Command::Resume(options) => pause::resume(options).await,
            Command::Completions(options) => manual::completions(&options),
            Command::Man(options) => manual::pages(&options),
        }
    });
    // The runtime has ended, and with it the last task that could start a process.
    drop(guard);
    match done {
        Ok(code) => code,
        Err(err) => {
            tracing::error!("failed to {err:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs simulations; exits 0 if none has a violation.
async fn simulate(options: &SimulationOptions) -> anyhow::Result<ExitCode> {
    let summary = simulation::run::run(options, simulation::environment::simulate).await?;
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The target of the handler's lines that `emulate functions-host` logs; their levels are those of the real host.
pub(crate) const HANDLER_LINES: &str = "mayfly::handler";

/// Logs warnings of the command line, lines of the handler, and errors of everything else. The handler's processes also end at Ctrl-C, and
/// warnings about that are not logged.
fn init_log() {
    let wanted = Targets::new()
        .with_target("mayfly", Level::WARN)
        .with_target(HANDLER_LINES, Level::INFO)
        .with_default(Level::ERROR);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time();
    tracing_subscriber::registry().with(wanted).with(lines.with_target(false)).init();
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the system gives a process its threads")
}

/// The last line of a local deployment.
const NOTHING_REMAINS: &str = "all of its processes and folders on this machine are removed";

/// Writes a line to stdout. A closed stdout is no error.
fn print(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Listens for the signals that end the program.
fn end_signals() -> anyhow::Result<EndSignals> {
    EndSignals::listen().context("listen for signals")
}
