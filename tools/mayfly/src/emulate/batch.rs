//! `mayfly emulate batch`: an account alone, with nodes on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use azure_batch_emulator::launch::{Container, Launcher, Process, Scripted};
use azure_batch_emulator::{Batch, Options, PoolOptions, Timings};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;

use super::until_interrupted;
use crate::cli::{BatchAccount, Nodes, Tasks};

/// Runs an account until somebody asks it to end.
pub(super) async fn run(account: BatchAccount) -> anyhow::Result<ExitCode> {
    let work = tempfile::Builder::new().prefix("mayfly-batch-").tempdir();
    let work = work.context("make a folder for the nodes")?;
    let site = EventContext::new(Clock::of_this_machine_at(account.clock));
    let batch = Batch::new(options(&account, work.path().to_owned())?, site)?;
    let nodes = tokio::spawn({
        let batch = Arc::clone(&batch);
        async move { batch.run().await }
    });
    let code = until_interrupted(Arc::clone(&batch), account.listen).await;
    batch.shutdown().await;
    nodes.abort();
    code
}

fn options(account: &BatchAccount, work_dir: PathBuf) -> anyhow::Result<Options> {
    let Nodes { allocation, boot, pull, departure, .. } = account.nodes;
    let launcher = launcher(&account.tasks);
    let mut options = Options::new(&account.account, &account.key, launcher, work_dir);
    options.accepts_tokens = true;
    options.seed = account.seed;
    options.grace = Duration::from_secs(account.nodes.grace);
    options.rules.timings = Timings { allocation, boot, pull, departure };
    options.rules.evaluates_when_enabled = account.evaluate_when_enabled;
    options.rules.scaling_tries_again = account.try_again;
    options.rules.disabled_jobs_refuse_tasks = account.disabled_jobs_refuse_tasks;
    let pools = account.nodes.pools.iter().map(|text| pool(text, true));
    let pools = pools.chain(account.nodes.plain_pools.iter().map(|text| pool(text, false)));
    options.pools = pools.collect::<anyhow::Result<_>>()?;
    Ok(options)
}

fn launcher(tasks: &Tasks) -> Arc<dyn Launcher> {
    match (&tasks.program, &tasks.engine) {
        _ if tasks.simulate => Arc::new(Scripted::by_settings()),
        (Some(program), _) => {
            let program = program.clone();
            Arc::new(Process { program, home: None, environment: BTreeMap::new(), temporary: None })
        }
        (None, Some(engine)) => Arc::new(Container { engine: engine.clone() }),
        (None, None) => Arc::new(Container { engine: any_engine() }),
    }
}

/// Finds a container engine; where there is none, a task that asks for a container fails with its name.
fn any_engine() -> PathBuf {
    ["docker", "podman"].map(PathBuf::from).into_iter().find(is_there).unwrap_or("docker".into())
}

fn is_there(program: &PathBuf) -> bool {
    let mut command = std::process::Command::new(program);
    let quiet = || std::process::Stdio::null();
    command.arg("--version").stdin(quiet()).stdout(quiet()).stderr(quiet());
    command.status().is_ok_and(|status| status.success())
}

/// Reads `id` or `id=nodes`.
fn pool(text: &str, containers: bool) -> anyhow::Result<PoolOptions> {
    let (id, nodes) = text.split_once('=').unwrap_or((text, "1"));
    let nodes = nodes.parse().with_context(|| format!("read pool {text:?}: write id=nodes"))?;
    Ok(PoolOptions { id: id.to_owned(), nodes, slots: 1, containers, display: id.to_owned() })
}
