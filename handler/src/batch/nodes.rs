//! Keeps tasks from nodes, removes nodes, and sets the sizes of pools, for profiles with `nodePerJob`.
//!
//! The role Azure Batch Job Submitter allows none of the changes.

use azure_core::http::{Method, RawResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::dto::{self, NodeId, nodes};
use super::{Batch, BatchError, error, malformed, status};
use crate::reconcile::used_nodes::{NodePool, PoolSize};

impl Batch {
    /// Keeps further tasks from a node; the running task continues. Succeeds if that was done before.
    pub async fn disable_scheduling(&self, node: &NodeId) -> Result<(), BatchError> {
        let call = "keeping further tasks from a node";
        let id = utf8_percent_encode(&node.node, NON_ALPHANUMERIC);
        let path = format!("{}/nodes/{id}/disablescheduling", pool_path(&node.pool));
        let response = self.post(call, &path, &nodes::SchedulingToDisable::AFTER_TASKS).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (200, _) | (409, "NodeAlreadyInTargetSchedulingState") => Ok(()),
            // It has failed, and Batch will run the task on another node.
            (404, "NodeNotFound") => {
                let fault = format!("node {} does not exist any more", node.node);
                Err(BatchError::Unavailable { call, fault, retry_after: None })
            }
            _ => Err(change_error(call, &response)),
        }
    }

    /// Returns the number of task slots of each node of a pool.
    pub async fn task_slots(&self, pool: &str) -> Result<u32, BatchError> {
        Ok(self.read_pool(pool).await?.slots())
    }

    /// Reads what decides the size of a pool.
    pub async fn pool_size(&self, pool: &str) -> Result<PoolSize, BatchError> {
        let read = self.read_pool(pool).await?.parse();
        Ok(read.ok_or_else(|| malformed(READING_POOL))?.size)
    }

    /// Reads a pool with its used nodes: those that get no further tasks, and run none.
    pub async fn node_pool(&self, pool: &str) -> Result<NodePool, BatchError> {
        let read = self.read_pool(pool).await?.parse();
        let read = read.ok_or_else(|| malformed(READING_POOL))?;
        let path = format!("{}/nodes", pool_path(pool));
        let query = [("$select", nodes::NODE), ("maxresults", "1000")];
        let listed: Vec<nodes::Node> = self.list("listing nodes", &path, &query).await?;
        Ok(NodePool { used: listed.into_iter().filter_map(nodes::Node::used).collect(), ..read })
    }

    async fn read_pool(&self, pool: &str) -> Result<nodes::Pool, BatchError> {
        let query = [("$select", nodes::POOL)];
        let response = self.send(READING_POOL, Method::Get, &pool_path(pool), &query, None).await?;
        match status(&response) {
            200 => serde_json::from_slice(response.body().as_ref())
                .map_err(|_| malformed(READING_POOL)),
            _ => Err(error(READING_POOL, &response)),
        }
    }

    /// Removes nodes of a pool without automatic scaling. The pool must be steady.
    pub async fn remove_nodes(&self, pool: &str, list: &[String]) -> Result<(), BatchError> {
        let (call, path) = ("removing nodes", format!("{}/removenodes", pool_path(pool)));
        self.change_pool(call, &path, Some(&nodes::NodesToRemove::new(list))).await
    }

    /// Disables the automatic scaling of a pool, which keeps its size. The pool must be steady.
    pub async fn disable_scaling(&self, pool: &str) -> Result<(), BatchError> {
        let path = format!("{}/disableautoscale", pool_path(pool));
        self.change_pool("disabling automatic scaling", &path, None::<&()>).await
    }

    /// Gives a pool without automatic scaling a formula or a number of nodes. The pool must be steady.
    pub async fn set_size(&self, pool: &str, size: &PoolSize) -> Result<(), BatchError> {
        let (call, action, body) = match size {
            PoolSize::Formula { formula, interval } => {
                let body = nodes::SizeToSet::Formula {
                    auto_scale_formula: formula,
                    auto_scale_evaluation_interval: interval,
                };
                ("enabling automatic scaling", "enableautoscale", body)
            }
            &PoolSize::Fixed { dedicated, low_priority } => {
                let body = nodes::SizeToSet::Nodes {
                    target_dedicated_nodes: dedicated,
                    target_low_priority_nodes: low_priority,
                };
                ("resizing a pool", "resize", body)
            }
        };
        self.change_pool(call, &format!("{}/{action}", pool_path(pool)), Some(&body)).await
    }

    pub(super) async fn change_pool(
        &self,
        call: &'static str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), BatchError> {
        let response = match body {
            Some(body) => self.post(call, path, body).await?,
            None => self.send(call, Method::Post, path, &[], None).await?,
        };
        match status(&response) {
            200 | 202 => Ok(()),
            _ => Err(change_error(call, &response)),
        }
    }
}

const READING_POOL: &str = "reading a pool";

pub(super) fn pool_path(pool: &str) -> String {
    format!("pools/{}", utf8_percent_encode(pool, NON_ALPHANUMERIC))
}

/// Returns the error of a change that the role of other deployments does not allow.
fn change_error(call: &'static str, response: &RawResponse) -> BatchError {
    match status(response) {
        status @ (401 | 403) => BatchError::NoNodeRole { call, status, code: dto::code(response) },
        _ => error(call, response),
    }
}
