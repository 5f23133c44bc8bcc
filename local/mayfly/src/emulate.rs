//! `mayfly emulate`: one emulator alone, until Ctrl-C; the runner is a folder, and done at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use emulators::batch::launch::Process;
use emulators::batch::{Batch, PoolOptions};
use emulators::clock::Clock;
use emulators::events::Site;
use emulators::functions::FunctionsHost;
use emulators::github::GitHub;
use emulators::service::{Emulator, Service, serve};
use emulators::storage::{Account, Blobs, Queues};
use emulators::{batch, functions, github};

use crate::cli::{Emulate, Storage, Which};
use crate::{interrupted, print};

/// Runs one emulator.
pub(crate) async fn run(options: Emulate) -> anyhow::Result<ExitCode> {
    let site = Site::new(Clock::of_this_machine());
    match options.which {
        Which::Queue(Storage { listen, account, key }) => {
            until_interrupted(Queues::new(Account::new(&account, &key)?, site), listen).await
        }
        Which::Blob(Storage { listen, account, key }) => {
            until_interrupted(Blobs::new(Account::new(&account, &key)?, site), listen).await
        }
        Which::Github { listen, token, people, enterprise } => {
            let mut options = github::Options::new(&token, 1);
            options.personal_accounts.extend(people);
            options.enterprise = enterprise;
            until_interrupted(GitHub::new(options, site), listen).await
        }
        Which::Batch { listen, account, key, program, pools, plain_pools } => {
            let pools = pools.iter().map(|text| pool(text, true));
            let pools = pools.chain(plain_pools.iter().map(|text| pool(text, false)));
            let pools = pools.collect::<anyhow::Result<_>>()?;
            emulate_batch(site, listen, &account, &key, program, pools).await
        }
        Which::Runner { into } => lay_runner(&into),
        Which::Functions { listen, app, settings } => {
            emulate_functions(site, listen, app, &settings).await
        }
    }
}

async fn until_interrupted<E: Emulator>(
    emulator: Arc<E>,
    listen: SocketAddr,
) -> anyhow::Result<ExitCode> {
    let listening = serve(Service::new(emulator), listen).await;
    let listening = listening.with_context(|| format!("listen on {listen}"))?;
    print(listening.ready_line());
    interrupted().await?;
    Ok(ExitCode::SUCCESS)
}

async fn emulate_batch(
    site: Site,
    listen: SocketAddr,
    account: &str,
    key: &str,
    program: PathBuf,
    pools: Vec<PoolOptions>,
) -> anyhow::Result<ExitCode> {
    let work = tempfile::Builder::new().prefix("mayfly-batch-").tempdir();
    let work = work.context("make a folder for the nodes")?;
    let launcher = Process { program, home: None, environment: BTreeMap::new() };
    let work_dir = work.path().to_owned();
    let mut options = batch::Options::new(account, key, Arc::new(launcher), work_dir);
    options.pools = pools;
    let batch = Batch::new(options, site)?;
    let nodes = tokio::spawn({
        let batch = Arc::clone(&batch);
        async move { batch.run().await }
    });
    let code = until_interrupted(Arc::clone(&batch), listen).await;
    batch.shutdown().await;
    nodes.abort();
    code
}

fn lay_runner(folder: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("find the program's own file")?;
    let laid = emulators::runner::lay_release(folder, &program);
    laid.with_context(|| format!("lay a runner into {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads `id` or `id=nodes`.
fn pool(text: &str, containers: bool) -> anyhow::Result<PoolOptions> {
    let (id, nodes) = text.split_once('=').unwrap_or((text, "1"));
    let nodes = nodes.parse().with_context(|| format!("read pool {text:?}: write id=nodes"))?;
    Ok(PoolOptions { id: id.to_owned(), nodes, slots: 1, containers, display: id.to_owned() })
}

async fn emulate_functions(
    site: Site,
    listen: SocketAddr,
    app: PathBuf,
    settings: &[String],
) -> anyhow::Result<ExitCode> {
    let mut options = functions::Options::new(app);
    for setting in settings {
        let pair = setting.split_once('=');
        let (name, value) =
            pair.with_context(|| format!("read setting {setting:?}: write Name=value"))?;
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    options.log = Arc::new(|line| tracing::warn!("{}: {}", line.group, line.text));
    let host = FunctionsHost::start(options, site).await.context("start the functions host")?;
    let code = until_interrupted(Arc::clone(&host), listen).await;
    host.shutdown().await;
    code
}
