//! Writes the handler's log into the trace.

use std::io;
use std::sync::Arc;

use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use super::recorder::Recorder;

/// A writer that appends each record of the log to the trace.
struct Lines(Arc<Recorder>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.line(&format!("  {}", String::from_utf8_lossy(bytes).trim_end()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures the log of this thread until the guard is dropped.
pub(super) fn into(recorder: &Arc<Recorder>) -> DefaultGuard {
    let wanted = Targets::new().with_target("handler", Level::INFO);
    let recorder = Arc::clone(recorder);
    let lines = tracing_subscriber::fmt::layer()
        .compact()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || Lines(Arc::clone(&recorder)));
    let registry = tracing_subscriber::registry().with(lines.with_filter(wanted));
    tracing::subscriber::set_default(registry)
}
