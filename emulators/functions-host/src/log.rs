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
    /// The text of the line.
    pub text: String,
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
