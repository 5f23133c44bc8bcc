//! What a test, or the control port, does to nodes and pools.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::Batch;
use super::failure::Failure;
pub use super::state::Loss;
use crate::service::{Request, Response, json_answer};

/// The pool or node that an action is about does not exist.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("there is no such pool or node")]
pub struct NotThere;

impl From<Failure> for NotThere {
    fn from(_: Failure) -> Self {
        Self
    }
}

impl Batch {
    /// Loses a node: its tasks go back to the queue, and run again with another start time.
    ///
    /// # Errors
    /// No pool has such a node.
    pub fn lose_node(&self, node: &str, loss: Loss) -> Result<(), NotThere> {
        self.state().lose(node, loss, self.site.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Keeps the tasks of a pool from starting; what runs goes on.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn hold_scheduling(&self, pool: &str) -> Result<(), NotThere> {
        Ok(self.state().hold(pool, true)?)
    }

    /// Lets the tasks of a pool start again.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn release_scheduling(&self, pool: &str) -> Result<(), NotThere> {
        self.state().hold(pool, false)?;
        self.changed.notify_one();
        Ok(())
    }

    /// Gives a pool another number of nodes at once; the tasks of nodes that go are requeued.
    ///
    /// # Errors
    /// There is no such pool.
    pub fn resize(&self, pool: &str, nodes: usize) -> Result<(), NotThere> {
        self.state().resize(pool, nodes, self.site.clock.now())?;
        self.changed.notify_one();
        Ok(())
    }

    /// Answers a request to the control port: `POST /nodes/lose {"node","loss":"preempted|died"}`,
    /// `POST /pools/hold` and `/pools/release {"pool"}`, `POST /pools/resize {"pool","nodes"}`.
    pub(super) fn act(&self, request: &Request) -> Response {
        let body = request.body();
        let done = match (request.method(), request.uri().path()) {
            (&Method::POST, "/nodes/lose") => {
                read(body).map(|Lose { node, loss }| self.lose_node(&node, loss))
            }
            (&Method::POST, "/pools/hold") => {
                read(body).map(|Named { pool }| self.hold_scheduling(&pool))
            }
            (&Method::POST, "/pools/release") => {
                read(body).map(|Named { pool }| self.release_scheduling(&pool))
            }
            (&Method::POST, "/pools/resize") => {
                read(body).map(|Resize { pool, nodes }| self.resize(&pool, nodes))
            }
            (method, path) => {
                let text = format!("{method} {path} is not an action of this control port");
                return json_answer(StatusCode::NOT_FOUND, &json!({ "error": text }));
            }
        };
        match done {
            Ok(Ok(())) => json_answer(StatusCode::OK, &json!({})),
            Ok(Err(err)) => {
                json_answer(StatusCode::NOT_FOUND, &json!({ "error": err.to_string() }))
            }
            Err(err) => json_answer(StatusCode::BAD_REQUEST, &json!({ "error": err.to_string() })),
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
struct Named {
    pool: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resize {
    pool: String,
    nodes: usize,
}
