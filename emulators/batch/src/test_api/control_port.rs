//! What a test, or the control port, does to nodes and pools.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::Batch;
use crate::error::ApiError;
use crate::rules::Quota;
pub use crate::state::Loss;
use emulator_core::service::{Request, Response, json_response};

/// The pool or node that an action is about does not exist.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("there is no such pool or node")]
pub struct NotFound;

impl From<ApiError> for NotFound {
    fn from(_: ApiError) -> Self {
        Self
    }
}

impl Batch {
    /// Loses a node: its tasks go back to the queue, and run again with another start time.
    ///
    /// # Errors
    /// No pool has such a node.
    pub fn lose_node(&self, node: &str, loss: Loss) -> Result<(), NotFound> {
        self.state().lose_node(node, loss, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Keeps the tasks of a pool from starting; what runs goes on.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn hold_scheduling(&self, pool: &str) -> Result<(), NotFound> {
        Ok(self.state().set_held(pool, true)?)
    }

    /// Lets the tasks of a pool start again.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn release_scheduling(&self, pool: &str) -> Result<(), NotFound> {
        self.state().set_held(pool, false)?;
        self.changed.notify_one();
        Ok(())
    }

    /// Returns a pool another number of nodes at once; the tasks of nodes that go are requeued.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn resize(&self, pool: &str, nodes: usize) -> Result<(), NotFound> {
        self.state().resize(pool, nodes, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Keeps nodes of a pool from being allocated: a resize goes on until it times out.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn freeze_allocation(&self, pool: &str) -> Result<(), NotFound> {
        Ok(self.state().set_allocation_frozen(pool, true, self.context.clock.now())?)
    }

    /// Lets the nodes of a pool be allocated again, those that were asked for meanwhile too.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn thaw_allocation(&self, pool: &str) -> Result<(), NotFound> {
        self.state().set_allocation_frozen(pool, false, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Creates the next resize of a pool end without a node and with an error.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn fail_allocation(&self, pool: &str, code: ResizeErrorCode) -> Result<(), NotFound> {
        Ok(self.state().fail_next_resize(pool, code.name())?)
    }

    /// Takes spot nodes of a pool away; tells how many there were to take.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn preempt(&self, pool: &str, count: usize) -> Result<usize, NotFound> {
        let taken = self.state().preempt(pool, count, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(taken)
    }

    /// Returns the account another quota, which holds from the next request or resize on.
    pub fn set_quota(&self, quota: Quota) {
        self.state().rules.quota = quota;
    }

    /// Answers a request to the control port; `docs/emulator.md` lists the actions.
    pub(crate) fn act(&self, request: &Request) -> Response {
        let path = request.uri().path();
        if request.method() != Method::POST {
            return not_an_action(request);
        }
        let body = request.body();
        let done = match path {
            "/nodes/lose" => read(body).map(|Lose { node, loss }| self.lose_node(&node, loss)),
            "/nodes/preempt" => {
                read(body).map(|Preempt { pool, count }| self.preempt(&pool, count).map(|_| ()))
            }
            "/pools/hold" => read(body).map(|ContainerGuard { pool }| self.hold_scheduling(&pool)),
            "/pools/release" => {
                read(body).map(|ContainerGuard { pool }| self.release_scheduling(&pool))
            }
            "/pools/resize" => read(body).map(|Resize { pool, nodes }| self.resize(&pool, nodes)),
            "/pools/freeze" => {
                read(body).map(|ContainerGuard { pool }| self.freeze_allocation(&pool))
            }
            "/pools/thaw" => read(body).map(|ContainerGuard { pool }| self.thaw_allocation(&pool)),
            "/pools/fail-allocation" => {
                read(body).map(|FailAllocation { pool, code }| self.fail_allocation(&pool, code))
            }
            "/quota" => read(body).map(|quota| {
                self.set_quota(quota);
                Ok(())
            }),
            _ => return not_an_action(request),
        };
        match done {
            Ok(Ok(())) => json_response(StatusCode::OK, &json!({})),
            Ok(Err(err)) => {
                json_response(StatusCode::NOT_FOUND, &json!({ "error": err.to_string() }))
            }
            Err(err) => {
                json_response(StatusCode::BAD_REQUEST, &json!({ "error": err.to_string() }))
            }
        }
    }
}

fn not_an_action(request: &Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let text = format!("{method} {path} is not an action of this control port");
    json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
}

/// What a resize can end with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[expect(missing_docs, reason = "the names are the published ones")]
pub enum ResizeErrorCode {
    AccountCoreQuotaReached,
    AccountSpotCoreQuotaReached,
    AllocationFailed,
    AllocationTimedout,
}

impl ResizeErrorCode {
    fn name(self) -> &'static str {
        match self {
            Self::AccountCoreQuotaReached => "AccountCoreQuotaReached",
            Self::AccountSpotCoreQuotaReached => "AccountSpotCoreQuotaReached",
            Self::AllocationFailed => "AllocationFailed",
            Self::AllocationTimedout => "AllocationTimedout",
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<T> {
    serde_json::from_slice(body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lose {
    node: String,
    loss: Loss,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerGuard {
    pool: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resize {
    pool: String,
    nodes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preempt {
    pool: String,
    count: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailAllocation {
    pool: String,
    code: ResizeErrorCode,
}
