//! `mayfly emulate`: one emulator alone, until Ctrl-C; the runner is a folder, and done at once.

mod batch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use azure_management_emulator::Management;
use azure_storage_emulator::{Account, Blobs, Queues};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Service, serve};
use functions_host_emulator::FunctionsHost;
use github_emulator::GitHub;
use {
    azure_management_emulator as management, functions_host_emulator as functions,
    github_emulator as github,
};

use crate::cli::{Emulate, Storage, Which};
use crate::{interrupted, print};

/// Runs one emulator.
pub(crate) async fn run(options: Emulate) -> anyhow::Result<ExitCode> {
    let site = EventContext::new(Clock::of_this_machine());
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
        Which::Batch(account) => batch::run(*account).await,
        Which::Management { listen, app, audience } => {
            let options = management::Options { app, audience };
            until_interrupted(Management::new(options, site), listen).await
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

fn lay_runner(folder: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("find the program's own file")?;
    let laid = github_runner_emulator::lay_release(folder, &program);
    laid.with_context(|| format!("lay a runner into {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn emulate_functions(
    site: EventContext,
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
