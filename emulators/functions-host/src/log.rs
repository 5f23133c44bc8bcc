//! The log lines of the handler.

use std::sync::Arc;

/// A function that receives the lines that the handler writes.
pub type Log = Arc<dyn Fn(&Line) + Send + Sync>;

/// A line that the handler wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The group whose process wrote it.
    pub group: String,
    /// The stream to which it was written.
    pub stream: Stream,
    /// The level with which the host logs it.
    pub level: LogLevel,
    /// The text of the line.
    pub text: String,
}

impl Line {
    /// Creates a line with the level that the host derives from its stream and its text.
    ///
    /// `WorkerProcess.ParseErrorMessageAndLog` in <https://github.com/Azure/azure-functions-host>: a line of stderr
    /// that contains "warn" in any case is a warning, any other is an error.
    pub(crate) fn new(group: &str, stream: Stream, text: String) -> Self {
        let level = match stream {
            Stream::Stdout | Stream::Invocation => LogLevel::Information,
            Stream::Stderr if text.to_ascii_lowercase().contains("warn") => LogLevel::Warning,
            Stream::Stderr => LogLevel::Error,
        };
        Self { group: group.to_owned(), stream, level, text }
    }
}

/// The levels of the host's log that a line of the handler can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LogLevel {
    /// Information.
    Information,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// The streams to which a handler can write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
    /// The `Logs` of its response to a payload.
    Invocation,
}
