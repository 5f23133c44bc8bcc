//! Writes the handler's log into the trace.

use std::fmt::{self, Write};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::recorder::Recorder;

struct Lines(Arc<Recorder>);

/// The message and fields of one event.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

/// Captures the log of this thread until the guard is dropped.
pub(super) fn into(recorder: &Arc<Recorder>) -> DefaultGuard {
    let wanted = Targets::new().with_target("handler", Level::INFO);
    let lines = Lines(Arc::clone(recorder)).with_filter(wanted);
    tracing::subscriber::set_default(tracing_subscriber::registry().with(lines))
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        self.0.line(&format!("  {level}: {}{}", words.message, words.fields));
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        written.expect("writing to a String never fails");
    }
}
