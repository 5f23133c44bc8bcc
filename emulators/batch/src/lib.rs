//! An emulator of Azure Batch: pools sized by autoscale formulas, and nodes that run tasks as
//! processes or containers of this machine.
//!
//! ```text
//! request ─▶ auth ─▶ routes ─▶ handlers ─▶ state ─effects─▶ executor ─▶ launch ─▶ process, container
//!                    one table   one a     every rule,       starts
//!                                resource  pure              and stops
//! ```
//!
//! The state is pure: it has no clock, sockets or processes. Each request changes it in one step
//! under its lock, after all timers that were due. [`Batch::run`] executes the effects that the
//! state requests and waits for the next timer. Tasks may follow a script instead
//! ([`launch::Scripted`]); then a simulated day takes milliseconds.
//!
//! `test_api` has the test hooks: changes that no client can request (losing a node, exhausting
//! quotas), and inspection. The crate's README shows the emulator with Microsoft's SDK;
//! `docs/emulator.md` of the repository lists what is modelled, and the choices where the sources
//! leave room.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Action, Emulator, Request, Response};

mod error;
mod dto;
mod auth;
mod routes;
mod versions;
mod query;
mod conditions;
mod call;
mod handlers;
mod state;
mod executor;
mod timings;
mod rules;
mod options;
pub mod launch;
pub mod cli;
mod test_api;
#[cfg(test)]
mod tests;

pub use dto::{BindMount, BindSource, ContainerSettings, WorkingDirectory};
pub use options::{Options, PoolOptions};
pub use routes::Operation;
pub use rules::{Quota, Rules};
pub use test_api::{
    Evaluations, JobSummary, Loss, NodeSummary, NotFound, PoolSummary, ResizeErrorCode, TaskSummary,
};
pub use timings::{DurationRange, InvalidRange, Timings};

use auth::Authenticator;
use dto::NewPool;
use error::ApiError;
use state::State;

/// An emulated Batch account.
pub struct Batch {
    options: Options,
    auth: Authenticator,
    context: EventContext,
    state: Mutex<State>,
    /// Notified when the state may have new effects.
    changed: Notify,
    closing: watch::Sender<bool>,
    running: watch::Sender<bool>,
    requests: AtomicU64,
}

impl Batch {
    /// Creates an account. Its tasks run while [`Batch::run`] is polled.
    ///
    /// # Errors
    /// The key is not valid base64.
    ///
    /// # Example
    /// ```
    /// use std::sync::Arc;
    ///
    /// use azure_batch_emulator::launch::Scripted;
    /// use azure_batch_emulator::{Batch, Options, PoolOptions};
    /// use emulator_core::clock::{Clock, Pace};
    /// use emulator_core::events::EventContext;
    /// use emulator_core::service::Service;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut options = Options::new("me", "", Arc::new(Scripted::by_settings()), "unused".into());
    /// options.bearer = Some("token".to_owned());
    /// let (id, display) = ("pool".to_owned(), "pool".to_owned());
    /// options.pools = vec![PoolOptions { id, nodes: 2, slots: 1, containers: false, display }];
    /// let clock = Clock::with_pace("2026-11-21T12:00:00Z".parse()?, Pace::Manual);
    /// let service = Service::new(Batch::new(options, EventContext::new(clock.clone()))?);
    ///
    /// // Calls the service without a socket; `emulator_core::service::serve` opens one.
    /// let post = async |path: &str, body: &str| {
    ///     let request = http::Request::post(format!("{path}?api-version=2025-06-01"))
    ///         .header("authorization", "Bearer token")
    ///         .header("content-type", "application/json; odata=minimalmetadata")
    ///         .body(bytes::Bytes::copy_from_slice(body.as_bytes()))?;
    ///     let response = service.call(request).await?;
    ///     Ok::<_, Box<dyn std::error::Error>>(response.status().as_u16())
    /// };
    /// assert_eq!(post("/jobs", r#"{"id":"job","poolInfo":{"poolId":"pool"}}"#).await?, 201);
    /// assert_eq!(post("/jobs/job/tasks", r#"{"id":"task","commandLine":"x"}"#).await?, 201);
    ///
    /// // Scripted tasks take a minute of virtual time.
    /// let batch = &service.emulator;
    /// batch.settle();
    /// assert_eq!(batch.tasks("job")[0].state, "running");
    /// clock.advance(std::time::Duration::from_secs(60));
    /// batch.settle();
    /// assert_eq!(batch.tasks("job")[0].result, Some("success"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(options: Options, context: EventContext) -> Result<Arc<Self>, base64::DecodeError> {
        let auth = Authenticator::new(&options)?;
        let mut state = State::new(options.rules.clone(), options.launcher.script(), options.seed);
        for pool in &options.pools {
            let now = context.clock.now();
            let spec = NewPool::fixed(&pool.id, &pool.display, pool.slots, pool.containers);
            state.add_fixed_pool(spec, now);
            state.resize(&pool.id, pool.nodes, now).expect("the pool was just added");
        }
        Ok(Arc::new(Self {
            options,
            auth,
            context,
            state: Mutex::new(state),
            changed: Notify::new(),
            closing: watch::Sender::new(false),
            running: watch::Sender::new(false),
            requests: AtomicU64::new(0),
        }))
    }

    /// Fires due timers and starts tasks, which [`Batch::run`] does repeatedly.
    ///
    /// This alone advances an account whose tasks follow a script.
    pub fn settle(&self) {
        self.state().schedule(self.context.clock.now());
        self.changed.notify_one();
    }

    /// Answers a request, and records what holds an auto-advancing clock: changes and access to files.
    fn respond_and_record(&self, operation: Operation, request: &Request) -> Response {
        let now = self.unskipped_now();
        // Recorded before the change, which an idle emulator would otherwise already act on.
        let earlier = operation.changes(request).then(|| self.state().record_change(now));
        let response = self.respond(operation, request);
        match earlier {
            Some(earlier) if !response.status().is_success() => {
                self.state().restore_activity(earlier);
            }
            None if response.status().is_success() && routes::names_files(request.uri().path()) => {
                self.state().record_file_use(now);
            }
            _ => {}
        }
        response
    }

    /// Returns the time of the clock without advances.
    fn unskipped_now(&self) -> DateTime<Utc> {
        self.context.clock.without_advances()
    }

    /// Returns the state after firing all due timers.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("no holder of this lock can panic");
        if state.catch_up(self.context.clock.now()) {
            self.changed.notify_one();
        }
        state
    }
}

impl Emulator for Batch {
    const NAME: &'static str = "batch";
    const ACTIONS: &'static [Action] = test_api::ACTIONS;
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        routes::route(request.method(), request.uri().path()).map(|route| route.operation)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let response = self.respond_and_record(operation, &request);
        self.changed.notify_one();
        response
    }

    fn failure(&self, status: http::StatusCode, message: &str) -> Response {
        self.respond_with_error(&ApiError::of_status(status, message), None)
    }

    fn clock(&self) -> &Clock {
        &self.context.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.control_response(&request)
    }
}

/// Compiles and runs the Rust example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
