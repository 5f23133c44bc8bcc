//! Test hooks on nodes, pools and quotas, as methods and on the control port.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::Batch;
use crate::error::ApiError;
use crate::rules::Quota;
pub use crate::state::Loss;
use emulator_core::service::{Action, Request, Response, json_response};

/// The actions of the control port; `docs/emulator.md` describes them.
pub(crate) const ACTIONS: &[Action] = &[
    ("POST", "/nodes/lose"),
    ("POST", "/nodes/preempt"),
    ("POST", "/pools/hold"),
    ("POST", "/pools/release"),
    ("POST", "/pools/resize"),
    ("POST", "/pools/freeze"),
    ("POST", "/pools/thaw"),
    ("POST", "/pools/fail-allocation"),
    ("POST", "/quota"),
];

/// The pool or node of an action does not exist.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("no such pool or node")]
pub struct NotFound;

impl From<ApiError> for NotFound {
    fn from(_: ApiError) -> Self {
        Self
    }
}

impl Batch {
    /// Loses a node: its tasks are requeued and run again with a new start time.
    ///
    /// # Errors
    /// No pool has such a node.
    pub fn lose_node(&self, node: &str, loss: Loss) -> Result<(), NotFound> {
        self.state().lose_node(node, loss, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Prevents tasks of a pool from starting; running ones continue.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn hold_scheduling(&self, pool: &str) -> Result<(), NotFound> {
        Ok(self.state().set_held(pool, true)?)
    }

    /// Allows tasks of a pool to start again.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn release_scheduling(&self, pool: &str) -> Result<(), NotFound> {
        self.state().set_held(pool, false)?;
        self.changed.notify_one();
        Ok(())
    }

    /// Sets the number of dedicated nodes of a pool immediately; tasks of removed nodes are
    /// requeued.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn resize(&self, pool: &str, nodes: usize) -> Result<(), NotFound> {
        self.state().resize(pool, nodes, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Prevents the allocation of nodes of a pool: a resize continues until it times out.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn freeze_allocation(&self, pool: &str) -> Result<(), NotFound> {
        Ok(self.state().set_allocation_frozen(pool, true, self.context.clock.now())?)
    }

    /// Allows the allocation of nodes of a pool again, including those requested meanwhile.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn thaw_allocation(&self, pool: &str) -> Result<(), NotFound> {
        self.state().set_allocation_frozen(pool, false, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Makes the next resize of a pool fail with an error and without new nodes.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn fail_allocation(&self, pool: &str, code: ResizeErrorCode) -> Result<(), NotFound> {
        Ok(self.state().fail_next_resize(pool, code.name())?)
    }

    /// Preempts up to `count` spot nodes of a pool and returns their number.
    ///
    /// # Errors
    /// The pool does not exist.
    pub fn preempt(&self, pool: &str, count: usize) -> Result<usize, NotFound> {
        let taken = self.state().preempt(pool, count, self.context.clock.now())?;
        self.changed.notify_one();
        Ok(taken)
    }

    /// Sets the quota of the account, which applies from the next request or resize.
    pub fn set_quota(&self, quota: Quota) {
        self.state().rules.quota = quota;
    }

    /// Answers a request for one of [`ACTIONS`].
    pub(crate) fn control_response(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let body = request.body();
        let done = match path {
            "/nodes/lose" => read(body).map(|LoseNode { node, loss }| self.lose_node(&node, loss)),
            "/nodes/preempt" => {
                read(body).map(|Preempt { pool, count }| self.preempt(&pool, count).map(|_| ()))
            }
            "/pools/hold" => read(body).map(|PoolName { pool }| self.hold_scheduling(&pool)),
            "/pools/release" => read(body).map(|PoolName { pool }| self.release_scheduling(&pool)),
            "/pools/resize" => read(body).map(|Resize { pool, nodes }| self.resize(&pool, nodes)),
            "/pools/freeze" => read(body).map(|PoolName { pool }| self.freeze_allocation(&pool)),
            "/pools/thaw" => read(body).map(|PoolName { pool }| self.thaw_allocation(&pool)),
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

/// An error code of a resize.
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
struct LoseNode {
    node: String,
    loss: Loss,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolName {
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
