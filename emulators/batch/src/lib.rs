//! Azure Batch on this machine: pools that formulas size, and nodes that run tasks for real.
//!
//! ```text
//! request ─▶ access ─▶ route ─▶ answer ─▶ state ─orders─▶ driver ─▶ launch ─▶ a process, a container
//!            who asks   which    one a     every           starts,
//!                       one      service   rule            stops
//! ```
//!
//! The state is pure and knows no clock, no socket and no process. Each request changes it in one step
//! under its lock, after all that was due by then has happened. [`Batch::run`] carries out what the state
//! orders, and waits for what is due next. Tasks may follow a script instead ([`launch::Scripted`]): then
//! a day of a pool is a matter of reckoning.
//!
//! `docs/emulator.md` lists what is modelled, and what was chosen where the sources leave room.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

mod error;
mod dto;
mod auth;
mod routes;
mod query;
mod conditions;
mod handlers;
mod state;
mod executor;
mod timings;
mod rules;
pub mod launch;
mod test_api;
#[cfg(test)]
mod tests;

pub use dto::{BindMount, BindSource, ContainerSettings, WorkingDirectory};
pub use routes::Operation;
pub use rules::{Quota, Rules};
pub use test_api::{
    JobSummary, Loss, NodeSummary, NotFound, PoolSummary, ResizeErrorCode, TaskSummary,
};
pub use timings::{DurationRange, Timings};

use auth::Authenticator;
use dto::NewPool;
use error::ApiError;
use launch::Launcher;
use state::State;

/// What an emulated account is made of.
#[derive(Clone)]
pub struct Options {
    /// The account's name.
    pub account: String,
    /// The account's shared key.
    pub key_base64: String,
    /// The token that is accepted in place of a signature.
    pub bearer: Option<String>,
    /// Whether any token for Batch that has begun and not expired is accepted; its signature is not checked.
    pub accepts_tokens: bool,
    /// The pools that are there from the starting_at.
    pub pools: Vec<PoolOptions>,
    /// How tasks run.
    pub launcher: Arc<dyn Launcher>,
    /// Where nodes keep their files.
    pub work_dir: PathBuf,
    /// How long a terminated task may take to end before it is killed, unless its container has a stop
    /// timeout of its own. Batch's own period is not published; docker's is 10 s.
    pub grace: Duration,
    /// What holds for the account.
    pub rules: Rules,
    /// What request ids and lengths of time are drawn from; two emulators with one seed draw the same.
    pub seed: u64,
}

impl Options {
    /// Creates an account without pools.
    pub fn new(
        account: &str,
        key_base64: &str,
        launcher: Arc<dyn Launcher>,
        work_dir: PathBuf,
    ) -> Self {
        Self {
            account: account.to_owned(),
            key_base64: key_base64.to_owned(),
            bearer: None,
            accepts_tokens: false,
            pools: Vec::new(),
            launcher,
            work_dir,
            grace: Duration::from_secs(10),
            rules: Rules::default(),
            seed: 0,
        }
    }
}

/// A pool of nodes that are all there from the starting_at.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// The pool's id.
    pub id: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many slots each node has.
    pub slots: u32,
    /// Whether it has a container configuration: its tasks run in containers, or none of them does.
    pub containers: bool,
    /// Its name for people, as in `windows (stand-in)`.
    pub display: String,
}

/// An emulated Batch account.
pub struct Batch {
    options: Options,
    auth: Authenticator,
    context: EventContext,
    state: Mutex<State>,
    /// The state may have orders.
    changed: Notify,
    closing: watch::Sender<bool>,
    running: watch::Sender<bool>,
    requests: AtomicU64,
}

impl Batch {
    /// Creates an account. Its tasks run while somebody polls [`Batch::run`].
    ///
    /// # Errors
    /// The key is not base64.
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

    /// Does what is due, and starts what can start: what [`Batch::run`] does again and again.
    ///
    /// An account whose tasks follow a script can be led through time by this alone.
    pub fn settle(&self) {
        self.state().schedule(self.context.clock.now());
        self.changed.notify_one();
    }

    /// Returns the state, after all that was due by now has happened.
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
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        routes::route(request.method(), request.uri().path()).map(|route| route.operation)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let answer = self.reply(operation, &request);
        self.changed.notify_one();
        answer
    }

    fn failure(&self, status: http::StatusCode, message: &str) -> Response {
        self.write_failure(&ApiError::of_status(status, message), None)
    }

    fn clock(&self) -> &Clock {
        &self.context.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.act(&request)
    }
}
