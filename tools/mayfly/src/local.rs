//! `mayfly local`: runners for jobs of a real GitHub, in containers on this machine, until Ctrl-C.
//!
//! The handler is the same as in Azure. Batch and storage are emulated, and jobs are found by polling, so that nothing needs to
//! reach this machine.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use emulator_core::guard::{Guard, Guarded};
use emulator_core::signals::EndSignals;
use functions_host_emulator::{Log, LogLevel};
use handler::clock::Clock;
use handler::repository::AllowedRepositories;
use local_deployment::timeline::Timeline;
use local_deployment::{Demand, LocalDeployment, Options, Pool, PoolKind, write_image_scripts};
use tempfile::TempDir;

use crate::cli::Local;
use crate::deployment::{Access, find_engine, write_log};
use crate::up::print_steps;
use crate::{NOTHING_REMAINS, end_signals, print, web};

mod image;
mod settings;
mod github;
mod drain;

use drain::Drain;
use github::GithubAccess;

/// The name of the pool and of the profile.
const POOL: &str = "local";

/// Serves jobs until Ctrl-C. Then running jobs finish, unless a second Ctrl-C ends them.
pub(crate) async fn run(options: Local, guard: Guard) -> anyhow::Result<ExitCode> {
    let mut signals = end_signals()?;
    let scripts = scripts(&guard)?;
    let deployment = tokio::select! {
        started = start(&options, &scripts, guard) => started?,
        signal = signals.next() => {
            print(format_args!("ended by {signal} while it started"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    let served = serve(&options, &deployment, &mut signals).await;
    deployment.shutdown().await;
    print(NOTHING_REMAINS);
    served
}

/// Writes the entrypoint for images that have none.
fn scripts(guard: &Guard) -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("mayfly-").tempdir();
    let folder = folder.context("create a folder for the entrypoint")?;
    guard.watch(&Guarded::Folder(folder.path().to_owned()));
    write_image_scripts(folder.path())?;
    Ok(folder)
}

/// Starts the deployment. Its handler polls at once.
async fn start(
    options: &Local,
    scripts: &TempDir,
    guard: Guard,
) -> anyhow::Result<LocalDeployment> {
    let mut engine = find_engine().await?;
    let settings = settings::of(options)?;
    GithubAccess::with_settings(&settings)?.check(&allowed(options)?).await?;
    engine.arguments = image::prepare(&engine, &options.image, scripts.path()).await?;
    let access = Access::random();
    let program = std::env::current_exe().context("find the path of this program")?;
    LocalDeployment::start(Options {
        demand: Demand::Polling,
        nodes: options.max_runners,
        pools: vec![Pool {
            id: POOL.to_owned(),
            display_name: POOL.to_owned(),
            kind: PoolKind::Containers,
        }],
        engine: Some(engine),
        settings,
        github_api: Some(options.github_api.clone()),
        control_token: access.control_token,
        secrets: access.secrets,
        log: log(options)?,
        guard,
        ..Options::new(program)
    })
    .await
}

fn allowed(options: &Local) -> anyhow::Result<AllowedRepositories> {
    let allowed = AllowedRepositories::parse(&options.repositories.join(","));
    let allowed = allowed.map_err(anyhow::Error::msg).context("read --repository")?;
    if let Some(open) = allowed.open_owner() {
        bail!("serve {open}: name the owner in full, such as octo/*");
    }
    Ok(allowed)
}

/// Returns a log that shows warnings and errors, and writes all lines to the file of the options.
fn log(options: &Local) -> anyhow::Result<Log> {
    let file = options.handler_log.as_deref().map(write_log).transpose()?;
    Ok(Arc::new(move |line| {
        if let Some(file) = &file {
            file(line);
        }
        if matches!(line.level, LogLevel::Warning | LogLevel::Error) {
            tracing::warn!("{}", line.text);
        }
    }))
}

async fn serve(
    options: &Local,
    deployment: &LocalDeployment,
    signals: &mut EndSignals,
) -> anyhow::Result<ExitCode> {
    let github = GithubAccess::with_settings(&deployment.settings)?;
    let name = settings::name(options)?;
    let timeline = Timeline::new(Clock::system().now(), name);
    let steps = print_steps(&timeline, deployment.context.subscribe());
    print_start(options, deployment);
    let drain = async {
        let signal = signals.next().await;
        print(format_args!("{signal}: no further runner starts; once more ends running jobs"));
        Drain::new(deployment, github)?.run(signals).await
    };
    tokio::select! {
        drained = drain => {
            let drained = drained?;
            print(&drained);
            Ok(if drained.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        // The events end with the deployment, which is alive.
        () = steps => Ok(ExitCode::FAILURE),
    }
}

fn print_start(options: &Local, deployment: &LocalDeployment) {
    let Local { repositories, labels, max_runners, poll_seconds, .. } = options;
    print(format_args!(
        "serving jobs of {}, up to {max_runners} at a time; looking every {poll_seconds} s",
        repositories.join(", ")
    ));
    print(format_args!("in a workflow: runs-on: [{}]", labels.join(", ")));
    let (functions, key) = (&deployment.ports.functions.url, &deployment.function_key);
    print("Ctrl-C lets running jobs finish, and ends");
    print(format_args!("open its status page: {}", web::page_address(functions, key)));
    print(format_args!("show its status: mayfly status --url {functions}/api --key {key}"));
}
