//! The process: reads the settings, creates the clients, and serves requests.

use std::convert::Infallible;
use std::io::{stderr, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tracing::{Level, error, info, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::App;
use crate::clock::Clock;
use crate::routes::routes;
use crate::settings::{Settings, Warning};

mod format;
mod lines;

use format::MessageFirst;
use lines::Lines;

/// How often the process checks whether its host still runs.
const HOST_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The delay after a connection that could not be accepted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

/// Serves requests until the Functions host ends.
///
/// The exit code is never 0: after exit code 0 the host starts no other handler, and responds with 500 from then on
/// (seen with the host's source of 2024-10).
pub fn run(clock: Clock) -> ExitCode {
    let host = parent_id();
    init_log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("start the runtime");
    let ended = runtime.and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                served = serve(clock) => served.map(Some),
                () = host_exit(host) => Ok(None),
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
    Ok(serve_connections(app, listener).await)
}

/// Serves HTTP/1.1, which the host speaks with its handler.
///
/// Rejected: the server of warp. It also has HTTP/2, a part of the program that no request would use.
async fn serve_connections(app: Arc<App>, listener: TcpListener) -> Infallible {
    let service = TowerToHyperService::new(warp::service(routes(app)));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The caller is gone, or too many files are open.
            sleep(ACCEPT_RETRY_DELAY).await;
            continue;
        };
        // Only the delay of small packets is at stake.
        let _ = stream.set_nodelay(true);
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()));
    }
}

async fn start(clock: Clock) -> anyhow::Result<(Arc<App>, TcpListener)> {
    let settings = Settings::from_environment()?;
    let warnings = settings.warnings.clone();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let app = Arc::new(App::new(settings, clock)?);
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| {
        format!("listen on {address}, the port of FUNCTIONS_CUSTOMHANDLER_PORT")
    })?;
    for Warning { setting, problem } in &warnings {
        warn!(alarm = "settings", "setting {setting} {problem}");
    }
    info!(address = %listener.local_addr().unwrap_or(address), "ready");
    Ok((app, listener))
}

/// Waits until the process that started this one has ended.
///
/// Rejected: the kernel's signal for this purpose (`PR_SET_PDEATHSIG`). The kernel sends it when the *thread* that
/// started this process ends; .NET starts a process from a thread of its pool, and ends such threads when they are
/// idle.
async fn host_exit(host: u32) {
    while parent_id() == host {
        sleep(HOST_CHECK_INTERVAL).await;
    }
}

/// Writes warnings and errors to stderr and the rest to stdout; [`lines`] describes how the host reads them.
///
/// The Azure crates log each request at `info`, so only their errors are logged.
fn init_log() {
    let errors = (|| Lines::errors(stderr())).with_max_level(Level::ERROR);
    let warnings = (|| Lines::others(stderr())).with_max_level(Level::WARN);
    let writers = errors.or_else(warnings.or_else(|| Lines::others(stdout())));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).event_format(MessageFirst);
    let lines = lines.with_writer(writers);
    let wanted = Targets::new().with_target("handler", Level::INFO).with_default(Level::ERROR);
    tracing_subscriber::registry().with(wanted).with(lines).init();
}
