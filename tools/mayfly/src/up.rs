//! `mayfly up`: a local deployment that runs until Ctrl-C.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use emulator_core::events::Event;
use emulator_core::guard::Guard;
use emulator_core::service::{
    Control, ControlPort, ControlToken, InvalidControl, Listening, Service, serve_control,
    serve_with,
};
use emulator_core::tls::TlsArguments;
use github_emulator::GitHub;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::cli::Up;
use crate::deployment::{self, Access};
use crate::summary::Summary;
use crate::{NOTHING_REMAINS, end_signals, print, token_file, web};
use local_deployment::timeline::Timeline;
use local_deployment::{BATCH_ACCOUNT, LocalDeployment, STORAGE_ACCOUNT, Secrets};

/// Runs a local deployment until Ctrl-C, and prints its steps.
pub(crate) async fn run(options: Up, guard: Guard) -> anyhow::Result<ExitCode> {
    let token = options.token.or_random()?;
    let control = jobs_control(&options, token.clone())?;
    let (control_token, batch_tokens) = (token, options.tls.is_requested());
    let access = Access { control_token, batch_tokens, ..Access::random() };
    let mut signals = end_signals()?;
    let secrets = access.secrets.clone();
    let deployment = tokio::select! {
        started = deployment::start(&options.local, access, guard.clone()) => started?,
        signal = signals.next() => {
            print(format_args!("ended by {signal} while it started"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    let jobs = serve_jobs(&deployment.github, &control).await?;
    let token_file = token_file::write(jobs.address, control.token(), &guard);
    let events = deployment.context.subscribe();
    let name = "gh".parse().map_err(anyhow::Error::msg).context("name the deployment")?;
    let timeline = Timeline::new(deployment.context.clock.now(), name);
    for port in [
        &deployment.ports.queues,
        &deployment.ports.blobs,
        &deployment.ports.batch,
        &deployment.ports.github,
    ] {
        print(port.ready_line());
    }
    print(deployment.ports.functions.ready_line());
    let encrypted = serve_https(&deployment, &options.tls, control.token()).await?;
    encrypted.iter().map(Listening::ready_line).for_each(print);
    print(format_args!("queue a job: mayfly queue-job --listen {}", jobs.address));
    print("Ctrl-C ends all");
    print_access(&deployment, &secrets, options.tls.is_requested());
    let signal = tokio::select! {
        signal = signals.next() => signal,
        // The events end with the deployment, which is alive.
        () = print_steps(&timeline, events) => "an error",
    };
    let summary = Summary::of(&deployment);
    print(format_args!("{signal}: ending running tasks; once more ends them at once"));
    drop((jobs, token_file, encrypted));
    // The invocations in work may take 30 s; a second signal cuts them.
    tokio::select! {
        () = deployment.shutdown() => {}
        _ = signals.next() => {}
    }
    print(format_args!("ended by {signal}: {}", summary.jobs_served()));
    print(NOTHING_REMAINS);
    Ok(ExitCode::SUCCESS)
}

/// Prints the steps of jobs until the deployment has ended.
pub(crate) async fn print_steps(timeline: &Timeline, mut events: Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(event) => timeline.step(&event).into_iter().for_each(print),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Prints how to use the services; their secrets are new in each run.
fn print_access(deployment: &LocalDeployment, secrets: &Secrets, tls: bool) {
    let Secrets { batch_key, storage_key, github_token, identity_header, .. } = secrets;
    print(format_args!("use Batch: account {BATCH_ACCOUNT}, key {batch_key}"));
    print(format_args!("use storage: account {STORAGE_ACCOUNT}, key {storage_key}"));
    print(format_args!("use GitHub: token {github_token}"));
    if tls {
        print(format_args!("use managed identities: IDENTITY_HEADER {identity_header}"));
    }
    let (functions, key) = (&deployment.ports.functions.url, &deployment.function_key);
    print(format_args!("open its status page: {}", web::page_address(functions, key)));
    print(format_args!("show its status: mayfly status --url {functions}/api --key {key}"));
}

/// Serves each service on a further port with HTTPS, if there is a certificate.
async fn serve_https(
    deployment: &LocalDeployment,
    tls: &TlsArguments,
    token: &ControlToken,
) -> anyhow::Result<Vec<Listening>> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Some(tls) = tls.load(any)? else { return Ok(Vec::new()) };
    let tls = || Some(tls.clone());
    let control = Control::on_loopback(token.clone());
    let platform = &deployment.platform;
    let listening = tokio::try_join!(
        serve_with(Arc::clone(&deployment.queues), any, tls(), &control),
        serve_with(Arc::clone(&deployment.blobs), any, tls(), &control),
        serve_with(Arc::clone(&deployment.batch), any, tls(), &control),
        serve_with(Arc::clone(&deployment.github), any, tls(), &control),
        serve_with(Arc::clone(&platform.management), any, tls(), &control),
        serve_with(Arc::clone(&platform.identity), any, tls(), &control),
    );
    let (queues, blobs, batch, github, management, identity) = listening.context("listen")?;
    Ok(vec![queues, blobs, batch, github, management, identity])
}

/// Returns the options of the port for `queue-job`.
fn jobs_control(options: &Up, token: ControlToken) -> Result<Control, InvalidControl> {
    match options.control_listen {
        Some(listen) => Control::at_any(listen, token),
        None => Control::at_loopback(options.listen, token),
    }
}

/// Opens GitHub's control port at the address for `queue-job`.
async fn serve_jobs(
    github: &Arc<Service<GitHub>>,
    control: &Control,
) -> anyhow::Result<ControlPort> {
    let listening = serve_control(Arc::clone(github), control).await;
    listening.context("open the port for jobs: another `mayfly up` may be running, use --listen")
}
