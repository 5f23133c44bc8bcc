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
//! Not modelled, and rejected by name or with 501: triggers other than HTTP, queue and timer; outputs other
//! than HTTP; `retry`; identity-based connections; the admin endpoints, except firing a timer manually.
//! Not modelled, and left out: the random part of the polling back-off, host keys, the record of a timer's
//! last run after the host has ended, and more than one process per group.

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
pub use options::{InProcess, Options};
pub use queue::connection::InvalidConnection;
pub use routes::Operation;
pub use timer::ncrontab::InvalidSchedule;
pub use worker::HandlerStartError;
