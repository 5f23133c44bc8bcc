//! `mayfly emulate`: a single emulator, until Ctrl-C; for the runner, a folder with its files.

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

use crate::cli::{Emulate, EmulatorCommand, Storage};
use crate::{interrupted, print};

/// Runs an emulator.
pub(crate) async fn run(options: Emulate) -> anyhow::Result<ExitCode> {
    let context = EventContext::new(Clock::of_this_machine());
    match options.emulator {
        EmulatorCommand::Queue(Storage { listen, account, key }) => {
            until_interrupted(Queues::new(Account::new(&account, &key)?, context), listen).await
        }
        EmulatorCommand::Blob(Storage { listen, account, key }) => {
            until_interrupted(Blobs::new(Account::new(&account, &key)?, context), listen).await
        }
        EmulatorCommand::Github { listen, token, people, enterprise } => {
            let mut options = github::Options::new(&token, 1);
            options.personal_accounts.extend(people);
            options.enterprise = enterprise;
            until_interrupted(GitHub::new(options, context), listen).await
        }
        EmulatorCommand::Batch(arguments) => azure_batch_emulator::cli::run(*arguments).await,
        EmulatorCommand::Management { listen, app, audience } => {
            let options = management::Options { app, audience };
            until_interrupted(Management::new(options, context), listen).await
        }
        EmulatorCommand::Runner { into } => install_runner(&into),
        EmulatorCommand::FunctionsHost { listen, app, settings } => {
            emulate_functions_host(context, listen, app, &settings).await
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

fn install_runner(folder: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("find the path of this program")?;
    let installed = github_runner_emulator::install_release(folder, &program);
    installed.with_context(|| format!("write the runner to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn emulate_functions_host(
    context: EventContext,
    listen: SocketAddr,
    app: PathBuf,
    settings: &[String],
) -> anyhow::Result<ExitCode> {
    let mut options = functions::Options::new(app);
    for setting in settings {
        let pair = setting.split_once('=');
        let (name, value) =
            pair.with_context(|| format!("read setting {setting:?}: use Name=value"))?;
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    options.log = Arc::new(|line| tracing::warn!("{}: {}", line.group, line.text));
    let host = FunctionsHost::start(options, context).await.context("start the functions host")?;
    let code = until_interrupted(Arc::clone(&host), listen).await;
    host.shutdown().await;
    code
}
