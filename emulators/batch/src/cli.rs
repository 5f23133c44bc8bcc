//! The command line of the emulator: options and start.
//!
//! The binary of this crate and `mayfly emulate batch` share it.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;

mod quota;

pub use quota::QuotaArguments;

use crate::launch::{Container, Launcher, Process, Scripted, container_filter};
use crate::{Batch, DurationRange, Options, PoolOptions, Timings};
use emulator_core::clock::{Clock, Pace};
use emulator_core::events::EventContext;
use emulator_core::guard::{Guard, Guarded};
use emulator_core::service::{Control, ControlArguments, Service, parse_address, serve_with};
use emulator_core::signals::EndSignals;
use emulator_core::tls::{Tls, TlsArguments};

/// The options of the emulator.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Address to listen on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// The certificate of the port.
    #[command(flatten)]
    pub tls: TlsArguments,
    /// The control port.
    #[command(flatten)]
    pub control: ControlArguments,
    /// Name of the account
    #[arg(long, default_value = "mayfly")]
    pub account: String,
    /// Shared key of the account, in base64
    #[arg(long, default_value = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWJhdGNoLWtleQ==")]
    pub key: String,
    /// Clock: auto-advance (skips idle time), real, scaled=N (N times as fast), manual (set on the control port)
    #[arg(long, default_value = "auto-advance", value_parser = parse_pace)]
    pub clock: Pace,
    /// How tasks run.
    #[command(flatten)]
    pub tasks: TaskArguments,
    /// How nodes are allocated and removed.
    #[command(flatten)]
    pub nodes: NodeArguments,
    /// The quotas of the account.
    #[command(flatten)]
    pub quota: QuotaArguments,
    /// Seed of random durations
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Evaluate a formula immediately whenever scaling is enabled, not only when a pool is added
    #[arg(long)]
    pub evaluate_when_enabled: bool,
    /// Age in seconds of the newest sample that a formula sees, as `from-to`; short ages are more probable
    #[arg(long, default_value = "0-60")]
    pub sample_lag: DurationRange,
    /// Let an evaluation retry a resize that failed
    #[arg(long)]
    pub retry_failed_resize: bool,
    /// Reject tasks while their job is disabled
    #[arg(long)]
    pub disabled_jobs_reject_tasks: bool,
    /// Reject enabling a job until the running tasks of a disabled job have ended
    #[arg(long)]
    pub disabling_jobs_reject_enable: bool,
}

/// How tasks run: in containers if they have container settings, otherwise as processes.
#[derive(Args, Debug)]
pub struct TaskArguments {
    /// Container engine [default: docker or podman, whichever is installed]
    #[arg(long)]
    pub engine: Option<PathBuf>,
    /// Program that runs instead of the image of each task with container settings
    #[arg(long, conflicts_with = "engine")]
    pub program: Option<PathBuf>,
    /// Run no program: the environment settings SIMULATED_SECONDS (60) and SIMULATED_EXIT_CODE (0) of a task state its outcome
    #[arg(long, conflicts_with_all = ["engine", "program"])]
    pub simulate: bool,
}

/// How nodes are allocated and removed; durations are seconds, as `from-to`.
#[derive(Args, Debug)]
pub struct NodeArguments {
    /// Pool of container nodes that exist from the start, as `id` or `id=nodes`; repeatable
    #[arg(long = "pool")]
    pub pools: Vec<String>,
    /// Pool of nodes without containers that exist from the start, as `id` or `id=nodes`; repeatable
    #[arg(long = "plain-pool")]
    pub plain_pools: Vec<String>,
    /// From the request of a node to its allocation
    #[arg(long, default_value = "10-150")]
    pub allocation: DurationRange,
    /// From the allocation to the node's first start task or task
    #[arg(long, default_value = "285-325")]
    pub boot: DurationRange,
    /// To pull an image that the node does not have
    #[arg(long, default_value = "45-120")]
    pub pull: DurationRange,
    /// From the end of a node's last task to its removal
    #[arg(long, default_value = "20-60")]
    pub departure: DurationRange,
    /// Seconds between TERM and KILL for a terminated task, unless its run options have a --stop-timeout
    #[arg(long, default_value_t = 10)]
    pub grace: u64,
}

fn parse_pace(text: &str) -> Result<Pace, String> {
    let scale = |text: &str| text.parse().ok().filter(|scale| (1..=100_000).contains(scale));
    match (text, text.strip_prefix("scaled=").and_then(scale)) {
        ("auto-advance", _) => Ok(Pace::AutoAdvance),
        ("real", _) => Ok(Pace::Real),
        ("manual", _) => Ok(Pace::Manual),
        (_, Some(scale)) => Ok(Pace::Scaled(scale)),
        _ => {
            Err("write auto-advance, real, manual, or scaled=N with N from 1 to 100000".to_owned())
        }
    }
}

/// Runs an account until the process is interrupted or terminated.
///
/// If the process is killed, the guard removes the tasks' processes, containers and folders.
///
/// Prints one line of JSON on stdout when it answers: `{"ready":"batch","url":…,"control":…,"token":…}`.
///
/// # Errors
/// An option is invalid, or the address cannot be bound.
pub async fn run(arguments: Arguments, guard: Guard) -> anyhow::Result<ExitCode> {
    let (control, tls) = (arguments.control.control()?, arguments.tls.load(arguments.listen)?);
    let work = tempfile::Builder::new().prefix("azure-batch-emulator-").tempdir();
    let work = work.context("create a folder for the nodes")?;
    guard.watch(&Guarded::Folder(work.path().to_owned()));
    if let Some(engine) = engine(&arguments.tasks) {
        let filter = container_filter(&arguments.account);
        guard.watch(&Guarded::Containers { engine, filter });
    }
    let context = EventContext::new(Clock::of_this_machine_at(arguments.clock));
    let batch = Batch::new(options(&arguments, work.path().to_owned())?, context);
    let batch = batch
        .map_err(|_| anyhow!("use --key of account {}: write it in base64", arguments.account))?;
    let nodes = tokio::spawn({
        let batch = Arc::clone(&batch);
        async move { batch.run().await }
    });
    let served = serve_until_interrupted(Arc::clone(&batch), arguments.listen, tls, &control).await;
    batch.shutdown().await;
    nodes.abort();
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve_until_interrupted(
    batch: Arc<Batch>,
    listen: SocketAddr,
    tls: Option<Tls>,
    control: &Control,
) -> anyhow::Result<()> {
    // Before the ready line: its reader may interrupt the process immediately.
    let mut signals = EndSignals::listen().context("listen for signals")?;
    let listening = serve_with(Service::new(batch), listen, tls, control).await;
    let listening = listening.with_context(|| format!("listen on {listen}"))?;
    // A closed stdout is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{}", listening.ready_line());
    signals.next().await;
    Ok(())
}

fn options(arguments: &Arguments, work_dir: PathBuf) -> anyhow::Result<Options> {
    let NodeArguments { allocation, boot, pull, departure, .. } = arguments.nodes;
    let launcher = launcher(&arguments.tasks);
    let mut options = Options::new(&arguments.account, &arguments.key, launcher, work_dir);
    options.accepts_tokens = true;
    options.seed = arguments.seed;
    options.grace = Duration::from_secs(arguments.nodes.grace);
    options.rules.quota = arguments.quota.quota();
    options.rules.timings = Timings { allocation, boot, pull, departure };
    options.rules.evaluate_when_enabled = arguments.evaluate_when_enabled;
    options.rules.sample_lag = arguments.sample_lag;
    options.rules.retry_failed_resize = arguments.retry_failed_resize;
    options.rules.disabled_jobs_reject_tasks = arguments.disabled_jobs_reject_tasks;
    options.rules.disabling_jobs_reject_enable = arguments.disabling_jobs_reject_enable;
    let pools = arguments.nodes.pools.iter().map(|text| parse_pool(text, true));
    let pools = pools.chain(arguments.nodes.plain_pools.iter().map(|text| parse_pool(text, false)));
    options.pools = pools.collect::<anyhow::Result<_>>()?;
    Ok(options)
}

fn launcher(tasks: &TaskArguments) -> Arc<dyn Launcher> {
    match (&tasks.program, engine(tasks)) {
        (Some(program), _) => {
            let program = program.clone();
            Arc::new(Process { program, home: None, environment: BTreeMap::new(), temporary: None })
        }
        (None, Some(engine)) => Arc::new(Container { engine, arguments: Vec::new() }),
        (None, None) => Arc::new(Scripted::by_settings()),
    }
}

/// Returns the container engine, if tasks run in containers.
fn engine(tasks: &TaskArguments) -> Option<PathBuf> {
    let runs_containers = !tasks.simulate && tasks.program.is_none();
    runs_containers.then(|| tasks.engine.clone().unwrap_or_else(find_engine))
}

/// Finds a container engine. Without any, tasks with container settings fail with the name of docker.
fn find_engine() -> PathBuf {
    let engines = ["docker", "podman"].map(PathBuf::from);
    engines.into_iter().find(is_installed).unwrap_or("docker".into())
}

fn is_installed(program: &PathBuf) -> bool {
    let mut command = std::process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Parses `id` or `id=nodes`.
fn parse_pool(text: &str, containers: bool) -> anyhow::Result<PoolOptions> {
    let (id, nodes) = text.split_once('=').unwrap_or((text, "1"));
    let Ok(nodes) = nodes.parse() else {
        bail!("read pool {text:?}: write id or id=nodes, such as linux=2");
    };
    Ok(PoolOptions { id: id.to_owned(), nodes, slots: 1, containers, display: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_word_or_a_scale() {
        assert_eq!(parse_pace("auto-advance"), Ok(Pace::AutoAdvance));
        assert_eq!(parse_pace("scaled=60"), Ok(Pace::Scaled(60)));
        for wrong in ["scaled=0", "scaled", "fast"] {
            assert!(parse_pace(wrong).is_err(), "{wrong}");
        }
    }
}
