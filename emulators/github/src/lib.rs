//! Emulates GitHub: its REST API, its webhooks, and the service that its runners talk to.
//!
//! ```text
//! queue_job ─▶ state ──courier──▶ hooks            a signed delivery, once, in the job's order
//!                ▲
//!                ├── rest       GET jobs, POST generate-jitconfig, DELETE runners …
//!                └── services   a runner registers, listens, accepts, completes
//! ```
//!
//! `state` knows everything and changes in synchronous steps; `route` is the table of what is modelled;
//! `shapes` writes GitHub's objects. Jobs go to whichever runner has their labels, drawn by lot: a
//! runner is bound to no job, here as there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response};

mod scope;
mod repository;
mod job;
mod run;
mod group;
mod registration;
mod app;
mod hook;
mod state;
mod verbs;
mod operation;
mod route;
mod rest;
mod rate;
mod admission;
mod answer;
mod shapes;
mod services;
mod credentials;
pub mod keys;
mod refusals;
mod courier;
mod control;

#[cfg(test)]
pub(crate) mod tests;

pub use app::App;
pub use group::Group;
pub use hook::{Delivery, Outcome, signature_1, signature_256};
pub use job::{Conclusion, Gate, Job, JobStatus, NewJob, ServingRunner, Step};
pub use operation::Operation;
pub use refusals::{RunnerError, VersionCheck};
pub use registration::Runner;
pub use repository::{Repository, Visibility};
pub use scope::{Level, Scope};

use emulator_core::transport::{self, Transport};
use shapes::Base;
use state::State;

/// What an emulated GitHub is like.
pub struct Options {
    /// The credential that the API takes.
    pub token: String,
    /// What everything that is drawn by lot is drawn from.
    pub seed: u64,
    /// How long an online runner may idle until it is removed; none: for ever.
    pub idle_removal: Option<Duration>,
    /// How long a runner has to accept a job until the job is queued again.
    pub requeue: Duration,
    /// Where runners and links find it, without a trailing slash; none: where each request came to.
    ///
    /// Payloads have it as well; without it their addresses are those of github.com, which nobody who
    /// means this emulator can follow.
    pub public_url: Option<String>,
    /// Owners of repositories that are persons; all others are organizations.
    pub personal_accounts: BTreeSet<String>,
    /// The enterprise that has all organizations.
    pub enterprise: Option<String>,
    /// Where `GET /meta` says that hooks come from.
    pub hook_ranges: Vec<String>,
    /// API requests an hour.
    pub rate_limit: u32,
    /// The oldest version of the runner that gets jobs.
    pub minimum_version: Option<String>,
    /// Where an older version is rejected.
    pub version_check: VersionCheck,
    /// What carries deliveries.
    pub transport: Transport,
}

impl Options {
    /// Makes options for a credential and a seed: no removal of idle runners, 60 s to accept a job,
    /// 5,000 requests an hour, hooks from this machine over HTTP.
    pub fn new(token: &str, seed: u64) -> Self {
        Self {
            token: token.to_owned(),
            seed,
            idle_removal: None,
            requeue: Duration::from_secs(60),
            public_url: None,
            personal_accounts: BTreeSet::new(),
            enterprise: None,
            hook_ranges: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
            rate_limit: 5000,
            minimum_version: None,
            version_check: VersionCheck::default(),
            transport: transport::http(),
        }
    }

    fn payload_base(&self) -> Base {
        match &self.public_url {
            Some(url) => Base { api: url.clone(), web: url.clone() },
            None => Base {
                api: "https://api.github.com".to_owned(),
                web: "https://github.com".to_owned(),
            },
        }
    }

    fn base_of(&self, request: &Request) -> Base {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or(request.uri().authority().map(|authority| authority.as_str()));
        let came_to = || format!("http://{}", host.unwrap_or("localhost"));
        let web = self.public_url.clone().unwrap_or_else(came_to);
        let below = if request.uri().path().starts_with("/api/v3") { "/api/v3" } else { "" };
        Base { api: format!("{web}{below}"), web }
    }
}

/// An emulated GitHub.
pub struct GitHub {
    options: Arc<Options>,
    site: EventContext,
    transport: Transport,
    state: Mutex<State>,
    /// Wakes whoever waits for something to happen, in their order: a `watch` has an order of its own each time.
    happened: Notify,
    /// Wakes the timekeeper when the next thing is due at another time.
    retimed: Arc<Notify>,
    hands: Semaphore,
    me: Weak<Self>,
    _timekeeper: JoinSet<()>,
}

impl GitHub {
    /// Makes an emulated GitHub without repositories, hooks or runners.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(options: Options, site: EventContext) -> Arc<Self> {
        let options = Arc::new(options);
        let retimed = Arc::new(Notify::new());
        Arc::new_cyclic(|me| {
            let mut timekeeper = JoinSet::new();
            timekeeper.spawn(keep_time(Weak::clone(me), site.clock.clone(), Arc::clone(&retimed)));
            Self {
                state: Mutex::new(State::new(Arc::clone(&options))),
                transport: Arc::clone(&options.transport),
                options,
                site,
                happened: Notify::new(),
                retimed,
                hands: Semaphore::new(courier::HANDS),
                me: Weak::clone(me),
                _timekeeper: timekeeper,
            }
        })
    }

    /// Changes what GitHub knows, in one step: first time passes, then the change is made, then the
    /// others learn of it.
    fn step<T>(&self, change: impl FnOnce(&mut State, DateTime<Utc>) -> T) -> T {
        let mut state = self.state();
        let now = self.site.clock.now();
        let due = state.next_due();
        state.pass_time(now);
        let result = change(&mut state, now);
        let happened = std::mem::take(&mut state.happened);
        let something = !happened.is_empty();
        for what in happened {
            self.site.emit(what);
        }
        for chain in std::mem::take(&mut state.started_chains) {
            if let Some(me) = self.me.upgrade() {
                tokio::spawn(me.carry(chain));
            }
        }
        if state.next_due() != due {
            self.retimed.notify_one();
        }
        drop(state);
        if something {
            self.happened.notify_waiters();
        }
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

/// Wakes GitHub when something is due, as long as there is a GitHub.
async fn keep_time(github: Weak<GitHub>, clock: Clock, retimed: Arc<Notify>) {
    loop {
        let Some(due) = github.upgrade().map(|github| github.step(|state, _| state.next_due()))
        else {
            return;
        };
        let due_time = async {
            match due {
                Some(due) => clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        // In a fixed order, so that a simulation repeats itself.
        tokio::select! {
            biased;
            () = due_time => {}
            () = retimed.notified() => {}
        }
    }
}

impl Emulator for GitHub {
    const NAME: &'static str = "github";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let found = route::route(request.method().as_str(), request.uri().path())?;
        Some(found.operation)
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let Some(route) = route::route(request.method().as_str(), &path) else {
            return self.failure(StatusCode::NOT_IMPLEMENTED, &format!("{operation:?}"));
        };
        if path.starts_with("/_services/") {
            self.serve_runner(&route, &request).await
        } else {
            self.rest(&route, &request)
        }
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        rest::failure(status, message)
    }

    fn clock(&self) -> &Clock {
        &self.site.clock
    }

    async fn control(&self, request: Request) -> Response {
        self.act(&request)
    }
}
