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

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::task::JoinSet;

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
pub use log::{Line, Log, Stream};
pub use options::{InProcess, Options};
pub use queue::InvalidConnection;
pub use routes::Operation;
pub use timer::InvalidSchedule;
pub use worker::HandlerStartError;

use auth::Keys;
use invoker::Invoker;
use timer::Timer;

/// A running host; dropping it kills the handler's processes.
pub struct FunctionsHost {
    invoker: Arc<Invoker>,
    keys: Keys,
    timers: BTreeMap<String, Arc<Timer>>,
    names: Vec<&'static str>,
    client_address: Mutex<Option<IpAddr>>,
    tasks: Mutex<JoinSet<()>>,
}

impl FunctionsHost {
    /// Returns the functions' names.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.names.iter().copied()
    }

    /// Kills the processes without a signal to terminate, and waits until they have ended.
    pub async fn shutdown(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        for worker in self.invoker.workers.values() {
            worker.shut_down().await;
        }
        tasks.shutdown().await;
    }

    /// Returns the timer of a function; names are compared without regard to case.
    fn timer(&self, function: &str) -> Option<&Arc<Timer>> {
        let mut timers = self.timers.iter();
        timers.find(|(name, _)| name.eq_ignore_ascii_case(function)).map(|(_, timer)| timer)
    }

    /// Returns the name of a function with the lifetime that an [`Operation`] needs.
    fn interned(&self, function: &str) -> &'static str {
        let mut names = self.names.iter().copied();
        names.find(|name| *name == function).expect("every function's name was interned")
    }

    fn client_address(&self) -> MutexGuard<'_, Option<IpAddr>> {
        self.client_address.lock().expect("no holder of this lock can panic")
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().expect("no holder of this lock can panic")
    }
}
