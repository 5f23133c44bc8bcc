//! Formats a log record: time, level, module, message, the event's fields, then the fields of its spans.
//!
//! The message comes first because the alerts and the host show the start of a line. `tracing_subscriber`'s own
//! format puts the spans there.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The format of the handler's log.
pub(super) struct MessageFirst;

impl<S, N> FormatEvent<S, N> for MessageFirst
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        SystemTime.format_time(&mut writer)?;
        let metadata = event.metadata();
        write!(writer, " {:>5} {}: ", metadata.level(), metadata.target())?;
        context.format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<N>>().filter(|it| !it.is_empty())
            {
                write!(writer, " {fields}")?;
            }
        }
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::Empty;
    use tracing::{Span, error, info_span};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no holder of this lock can panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_message_then_all_fields() {
        let written = Buffer::default();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).event_format(MessageFirst);
        let layer = layer.with_writer({
            let written = written.clone();
            move || written.clone()
        });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = info_span!("invocation", function = "SubmitRunnerTask", job.id = Empty);
            let _entered = span.enter();
            error!(alarm = "group", "postponed");
            Span::current().record("job.id", 7);
            error!("failed");
        });
        let written = written.0.lock().expect("no holder of this lock can panic").clone();
        let lines = String::from_utf8(written).expect("text");
        let lines: Vec<&str> =
            lines.lines().filter_map(|line| line.split_once("Z ")).map(|(_, line)| line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ERROR handler::process::format::tests: postponed alarm="group" function="SubmitRunnerTask"
        ERROR handler::process::format::tests: failed function="SubmitRunnerTask" job.id=7
        "#);
    }
}
