//! The handler as a process: settings, then clients, then an open port.

use std::io::{stderr, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::{Level, error, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;
use crate::functions::{App, routes};
use crate::settings::Settings;

/// Serves until the Functions host ends the process, which it does without a warning.
pub fn run() -> ExitCode {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let served = runtime.context("start the runtime").and_then(|runtime| runtime.block_on(serve()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            error!("failed to start: {err:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let settings = Settings::from_environment()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let app = Arc::new(App::new(settings, Clock::of_this_machine())?);
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| {
        format!("listen on {address}, which FUNCTIONS_CUSTOMHANDLER_PORT names")
    })?;
    info!(address = %listener.local_addr().unwrap_or(address), "ready");
    tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.follow_hook_ranges().await }
    });
    warp::serve(routes(app)).incoming(listener).run().await;
    Ok(())
}

/// Sends warnings and errors to stderr and the rest to stdout: the host logs what it reads from stderr as
/// an error, unless the line says "warn".
///
/// The Azure crates log requests at `info`; only what wakes somebody is wanted of them.
fn log() {
    let loud = stderr.with_max_level(Level::WARN).or_else(stdout);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(loud);
    let wanted = Targets::new().with_target("handler", Level::INFO).with_default(Level::ERROR);
    tracing_subscriber::registry().with(wanted).with(lines).init();
}
