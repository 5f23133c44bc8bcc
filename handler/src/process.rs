//! The handler as a process: settings, then clients, then an open port.

use std::convert::Infallible;
use std::io::{stderr, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tracing::{Level, error, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::App;
use crate::clock::Clock;
use crate::routes::routes;
use crate::settings::Settings;

mod format;
mod lines;

use format::MessageFirst;
use lines::Lines;

/// How often the process looks whether its host still runs.
const HOST_INTERVAL: Duration = Duration::from_secs(1);

/// Serves as long as the Functions host runs, which ends the process with it.
///
/// The exit code is never 0: after that the host starts no other handler, and answers 500 for ever (seen with the
/// host's source of 2024-10).
pub fn run(clock: Clock) -> ExitCode {
    let host = parent_id();
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("start the runtime");
    let ended = runtime.and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                served = serve(clock) => served.map(Some),
                () = end_of(host) => Ok(None),
            }
        })
    });
    match ended {
        Ok(Some(never)) => match never {},
        // Nothing reads the log any more.
        Ok(None) => {}
        Err(err) => error!("failed to {err:#}"),
    }
    ExitCode::FAILURE
}

async fn serve(clock: Clock) -> anyhow::Result<Infallible> {
    let (app, listener) = start(clock).await.context("start")?;
    tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.follow_hook_ranges().await }
    });
    warp::serve(routes(app)).incoming(listener).run().await;
    bail!("continue: the server has ended by itself")
}

async fn start(clock: Clock) -> anyhow::Result<(Arc<App>, TcpListener)> {
    let settings = Settings::from_environment()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let app = Arc::new(App::new(settings, clock)?);
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| {
        format!("listen on {address}, which FUNCTIONS_CUSTOMHANDLER_PORT names")
    })?;
    info!(address = %listener.local_addr().unwrap_or(address), "ready");
    Ok((app, listener))
}

/// Waits until the process that started this one has ended, however it ended.
///
/// Rejected: the kernel's own signal for that (`PR_SET_PDEATHSIG`), which is sent when the *thread* ends that started
/// this process: .NET starts a process from a thread of its pool, which ends when it has idled for a while.
async fn end_of(host: u32) {
    while parent_id() == host {
        sleep(HOST_INTERVAL).await;
    }
}

/// Sends warnings and errors to stderr and the rest to stdout; see [`lines`] for what the host makes of them.
///
/// The Azure crates log requests at `info`; only their errors are wanted.
fn log() {
    let errors = (|| Lines::of_errors(stderr())).with_max_level(Level::ERROR);
    let warnings = (|| Lines::of_others(stderr())).with_max_level(Level::WARN);
    let writers = errors.or_else(warnings.or_else(|| Lines::of_others(stdout())));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).event_format(MessageFirst);
    let lines = lines.with_writer(writers);
    let wanted = Targets::new().with_target("handler", Level::INFO).with_default(Level::ERROR);
    tracing_subscriber::registry().with(wanted).with(lines).init();
}
