//! Azure Batch on this machine: jobs, tasks, task files, and fixed pools whose nodes run tasks for real.
//!
//! ```text
//! request ─▶ access ─▶ route ─▶ answer ─▶ state ─orders─▶ driver ─▶ launch ─▶ a process, a container
//!            who asks   which    one a     every           starts,    ▲
//!                       one      service   rule            stops      └─ or a simulation's own
//! ```
//!
//! The state is pure and knows no clock, no socket and no process. Each request changes it in one step
//! under its lock. [`Batch::run`] carries out what the state orders.
//!
//! Where the sources leave room, this is what was chosen:
//! - Properties that api-version 2025-06-01 does not know are refused with `UnsupportedProperty`, those
//!   that it knows and this emulator does not act upon with 501. `affinityInfo`, `userIdentity` and
//!   registry credentials are accepted and not followed; a registry's password is never shown again.
//! - Add Task is accepted while a job is disabled, unless [`Options::disabled_jobs_refuse_tasks`].
//! - Terminate Task completes the task at once, without an exit code; its slots are free when its
//!   process is gone. A task that exceeds `maxWallClockTime` is completed with the code of its process,
//!   and not retried.
//! - A lost node's tasks are requeued without counting in `requeueCount`, which counts what users ask.
//! - Each run of a task has its own directory. `retentionTime` is shown; files are kept until the task,
//!   or its job, is deleted.
//! - A task whose pool does not run what it asks for is added, and fails when it is started, as Microsoft's
//!   own tests of its SDK for .NET have it: with `ContainerPoolNotSupported`, or for a task without
//!   container settings with `ContainerTaskSettingsNotFound`.
//! - A task too large for the free slots holds up the tasks behind it in its job, not other jobs.
//! - The state `preparing` is never seen: there are no job preparation tasks.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::events::Site;
use crate::service::{Emulator, Request, Response};

mod failure;
mod wire;
mod access;
mod route;
mod query;
mod conditions;
mod answer;
mod state;
mod driver;
pub mod launch;
mod control;
mod seen;
#[cfg(test)]
mod tests;

pub use control::{Loss, NotThere};
pub use route::Operation;
pub use seen::{JobSeen, NodeSeen, TaskSeen};
pub use wire::{BindMount, BindSource, ContainerSettings, WorkingDirectory};

use access::Access;
use failure::Failure;
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
    /// The pools.
    pub pools: Vec<PoolOptions>,
    /// How tasks run.
    pub launcher: Arc<dyn Launcher>,
    /// Where nodes keep their files.
    pub work_dir: PathBuf,
    /// How long a task that is asked to end may take before it is killed.
    pub patience: Duration,
    /// Whether Add Task is refused while the job is disabled.
    pub disabled_jobs_refuse_tasks: bool,
    /// What request ids are made from; two emulators with one seed give the same.
    pub seed: u64,
}

impl Options {
    /// Makes an account without pools.
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
            pools: Vec::new(),
            launcher,
            work_dir,
            patience: Duration::from_secs(10),
            disabled_jobs_refuse_tasks: false,
            seed: 0,
        }
    }
}

/// A pool of nodes that are all there from the beginning.
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
    access: Access,
    site: Site,
    state: Mutex<State>,
    /// The state may have orders.
    changed: Notify,
    closing: watch::Sender<bool>,
    running: watch::Sender<bool>,
    requests: AtomicU64,
}

impl Batch {
    /// Makes an account. Its tasks run while somebody polls [`Batch::run`].
    ///
    /// # Errors
    /// The key is not base64.
    pub fn new(options: Options, site: Site) -> Result<Arc<Self>, base64::DecodeError> {
        let access = Access::new(&options.account, &options.key_base64, options.bearer.as_deref())?;
        let mut state = State::default();
        state.disabled_jobs_refuse_tasks = options.disabled_jobs_refuse_tasks;
        for pool in &options.pools {
            let now = site.clock.now();
            state.add_pool(&pool.id, &pool.display, pool.slots, pool.containers, now);
            state.resize(&pool.id, pool.nodes, now).expect("the pool was just added");
        }
        Ok(Arc::new(Self {
            options,
            access,
            site,
            state: Mutex::new(state),
            changed: Notify::new(),
            closing: watch::Sender::new(false),
            running: watch::Sender::new(false),
            requests: AtomicU64::new(0),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

impl Emulator for Batch {
    const NAME: &'static str = "batch";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        route::route(request.method(), request.uri().path()).map(|route| route.operation)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let answer = self.reply(operation, &request);
        self.changed.notify_one();
        answer
    }

    fn failure(&self, status: http::StatusCode, message: &str) -> Response {
        self.write_failure(&Failure::of_status(status, message), None)
    }

    fn clock(&self) -> &Clock {
        &self.site.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.act(&request)
    }
}
