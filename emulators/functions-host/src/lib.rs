//! An emulator of the Azure Functions host for a custom handler: it starts the handler, and sends it requests,
//! queue messages and timer invocations.
//!
//! ```text
//! caller ──/api/…──▶ handlers ─┐               ┌─▶ worker `http`             all functions with an HTTP trigger
//! storage ◀─polls──── queue ───┼─▶ invoker ──▶─┼─▶ worker `function:<name>`  one for each other function
//! clock ────────────▶ timer ───┘               └─▶ …
//! ```
//!
//! Written from the host's public source and documentation. Functions are grouped as on Flex Consumption,
//! with one process per group. Functions of different groups therefore share no memory.
//!
//! If an invocation fails without a response, the caller gets 500, or 502 from the proxy. The event of the
//! invocation has the cause: 502 if the connection broke, 503 if there is no process, 504 after
//! `functionTimeout`.
//!
//! Each group has a host of its own. Two time-outs at once, a third crash within half an hour or a shutdown end it
//! with everything in work; the platform starts it again.
//!
//! README.md lists what is modelled, what is approximate, and what is answered 501.

mod host;
mod options;
mod log;
mod auth;
mod routes;
mod handlers;
mod dto;
mod definitions;
mod error;
mod http_client;
mod invoker;
mod worker;
mod queue;
mod timer;
mod start;
mod test_api;
#[cfg(test)]
mod tests;

pub use definitions::InvalidDefinition;
pub use error::{ControlError, StartError};
pub use host::FunctionsHost;
pub use log::{Line, Log, LogLevel, Stream};
pub use options::{InProcess, KillWorker, MESSAGE_COST, Options};
pub use queue::connection::InvalidConnection;
pub use routes::Operation;
pub use timer::ncrontab::InvalidSchedule;
pub use worker::HandlerStartError;
