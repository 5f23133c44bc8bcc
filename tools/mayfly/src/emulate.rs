//! `mayfly emulate`: a single emulator, until Ctrl-C; for the runner, a folder with its files.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use azure_identity_emulator::{FederatedCredential, Identity};
use azure_management_emulator::Management;
use azure_pipelines_emulator::Pipelines;
use azure_storage_emulator::{Account, Blobs, Queues};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::guard::{Guard, Guarded};
use emulator_core::service::{ControlToken, Emulator, Listening, Service, serve_with};
use emulator_core::transport;
use functions_host_emulator::{FunctionsHost, Line, LogLevel};
use github_emulator::GitHub;
use {
    azure_identity_emulator as identity, azure_management_emulator as management,
    azure_pipelines_emulator as pipelines, functions_host_emulator as functions,
    github_emulator as github,
};

use crate::cli::{
    Emulate, EmulatorCommand, FunctionsHostOptions, Identities, PipelinesOptions, Port, Storage,
};
use crate::{HANDLER_LINES, end_signals, print};

/// Runs an emulator.
pub(crate) async fn run(options: Emulate, guard: Guard) -> anyhow::Result<ExitCode> {
    let context = EventContext::new(Clock::of_this_machine());
    match options.emulator {
        EmulatorCommand::Queue(storage) => {
            until_interrupted(Queues::new(account(&storage)?, context), &storage.port).await
        }
        EmulatorCommand::Blob(storage) => {
            until_interrupted(Blobs::new(account(&storage)?, context), &storage.port).await
        }
        EmulatorCommand::Github {
            port,
            token,
            people,
            enterprise,
            trusted_ca,
            rate_limit,
            no_secondary_limits,
        } => {
            let mut options = github::Options::new(&token, 1);
            options.personal_accounts.extend(people);
            options.enterprise = enterprise;
            options.rate_limit = rate_limit;
            options.secondary_limits = !no_secondary_limits;
            options.transport = transport::https(trusted_ca.as_deref())?;
            until_interrupted(GitHub::new(options, context), &port).await
        }
        EmulatorCommand::Batch(arguments) => {
            azure_batch_emulator::cli::run(*arguments, guard).await
        }
        EmulatorCommand::Management { port, app, audience } => {
            let options = management::Options { app, audience, token_key: None };
            until_interrupted(Management::new(options, context), &port).await
        }
        EmulatorCommand::Identity(options) => emulate_identity(context, options).await,
        EmulatorCommand::Pipelines(options) => emulate_pipelines(context, options).await,
        EmulatorCommand::Runner { into } => install_runner(&into),
        EmulatorCommand::Agent { into } => install_agent(&into),
        EmulatorCommand::FunctionsHost(arguments) => {
            emulate_functions_host(context, arguments, &guard).await
        }
    }
}

fn account(Storage { account, key, .. }: &Storage) -> anyhow::Result<Account> {
    let opened = Account::new(account, key);
    opened.map_err(|_| anyhow!("use --key of account {account}: write it in base64"))
}

async fn until_interrupted<E: Emulator>(emulator: Arc<E>, port: &Port) -> anyhow::Result<ExitCode> {
    // Before the ready line: its reader may end the process immediately.
    let mut signals = end_signals()?;
    let _listening = listen(emulator, port).await?;
    signals.next().await;
    Ok(ExitCode::SUCCESS)
}

/// Opens the ports of an emulator, and prints its `ready` line.
async fn listen<E: Emulator>(emulator: Arc<E>, port: &Port) -> anyhow::Result<Listening> {
    let Port { listen, tls, control } = port;
    let (control, tls) = (control.control()?, tls.load(*listen)?);
    let listening = serve_with(Service::new(emulator), *listen, tls, &control).await;
    let listening = listening.with_context(|| format!("listen on {listen}"))?;
    print(listening.ready_line());
    Ok(listening)
}

async fn emulate_pipelines(
    context: EventContext,
    arguments: PipelinesOptions,
) -> anyhow::Result<ExitCode> {
    let PipelinesOptions { port, pools, projects, .. } = arguments;
    let mut options = pipelines::Options::new(&arguments.organization, &arguments.token, 1);
    options.parallel_jobs = arguments.parallel_jobs;
    options.public_url = arguments.public_url.map(|url| url.trim_end_matches('/').to_owned());
    options.transport = transport::https(arguments.trusted_ca.as_deref())?;
    let emulator = Pipelines::new(options, context);
    let pools = if pools.is_empty() { vec!["Default".to_owned()] } else { pools };
    for pool in &pools {
        emulator.add_pool(pipelines::Pool::named(pool));
    }
    for project in &projects {
        emulator.add_project(project);
    }
    until_interrupted(emulator, &port).await
}

async fn emulate_identity(context: EventContext, options: Identities) -> anyhow::Result<ExitCode> {
    let Identities { port, header, system_assigned, user_assigned, federated_token } = options;
    let federated = FederatedCredential::default();
    let system_assigned = Some(system_assigned);
    let options = identity::Options { header, system_assigned, user_assigned, federated };
    let emulator = Identity::new(options, context);
    if let Some(file) = federated_token {
        let written = write_secret(&file, &emulator.federated_token());
        written.with_context(|| format!("write the federated token to {}", file.display()))?;
    }
    until_interrupted(emulator, &port).await
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode above is that of a new file only.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    (&file).write_all(text.as_bytes())
}

fn install_runner(folder: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("find the path of this program")?;
    let installed = github_runner_emulator::install_release(folder, &program);
    installed.with_context(|| format!("write the runner to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn install_agent(folder: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("find the path of this program")?;
    let installed = azure_pipelines_agent_emulator::install_release(folder, &program);
    installed.with_context(|| format!("write the agent to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn emulate_functions_host(
    context: EventContext,
    arguments: FunctionsHostOptions,
    guard: &Guard,
) -> anyhow::Result<ExitCode> {
    let mut options = functions::Options::new(arguments.app);
    options.front_end = arguments.front_end;
    options.message_cost = Duration::from_micros(arguments.message_cost);
    for setting in &arguments.settings {
        let pair = setting.split_once('=');
        let (name, value) =
            pair.with_context(|| format!("read setting {setting:?}: use Name=value"))?;
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    // App Service sets it too. It identifies the handler's processes, which end with this one.
    let instance = options.settings.entry("WEBSITE_INSTANCE_ID".to_owned());
    let instance = instance.or_insert_with(|| ControlToken::random().as_str().to_owned());
    guard.watch(&Guarded::Variable(format!("WEBSITE_INSTANCE_ID={instance}")));
    options.storage = Some(transport::https(arguments.trusted_ca.as_deref())?);
    options.log = Arc::new(log_handler_line);
    let host = FunctionsHost::start(options, context).await.context("start the functions host")?;
    let ended = serve_until_interrupted(&host, &arguments.port).await;
    if ended.is_err() {
        host.kill().await;
    }
    ended.map(|()| ExitCode::SUCCESS)
}

/// Serves until a signal, and then until the calls in work have ended. A second signal cuts them.
async fn serve_until_interrupted(host: &Arc<FunctionsHost>, port: &Port) -> anyhow::Result<()> {
    let mut signals = end_signals()?;
    let _listening = listen(Arc::clone(host), port).await?;
    signals.next().await;
    tokio::select! {
        () = host.shutdown() => {}
        _ = signals.next() => host.kill().await,
    }
    Ok(())
}

fn log_handler_line(line: &Line) {
    match line.level {
        LogLevel::Information => {
            tracing::info!(target: HANDLER_LINES, "{}: {}", line.group, line.text)
        }
        LogLevel::Warning => tracing::warn!(target: HANDLER_LINES, "{}: {}", line.group, line.text),
        LogLevel::Error => tracing::error!(target: HANDLER_LINES, "{}: {}", line.group, line.text),
    }
}
