//! Reads what decides whether a pool is woken, and replaces the formula of a pool.

use azure_core::http::Method;
use serde::{Deserialize, Serialize};

use super::dto::listed::AutoScaleRun;
use super::nodes::pool_path;
use super::{Batch, BatchError, error, malformed, status};
use crate::batch_job::BatchJobId;
use crate::wake::WakeablePool;

const POOL: &str =
    "autoScaleFormula,autoScaleRun,targetDedicatedNodes,targetLowPriorityNodes,taskSlotsPerNode";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolBody {
    auto_scale_formula: Option<String>,
    auto_scale_run: Option<AutoScaleRun>,
    #[serde(default)]
    target_dedicated_nodes: u32,
    #[serde(default)]
    target_low_priority_nodes: u32,
    task_slots_per_node: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    task_slot_counts: SlotCounts,
}

#[derive(Deserialize)]
struct SlotCounts {
    active: u32,
    running: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewFormula<'a> {
    auto_scale_formula: &'a str,
}

impl Batch {
    /// Counts the task slots that the tasks of a Batch job occupy or wait for; 0 if there is no such Batch job.
    ///
    /// <https://learn.microsoft.com/rest/api/batchservice/jobs/get-job-task-counts>
    pub async fn wanted_slots(&self, job: &BatchJobId) -> Result<u32, BatchError> {
        let call = "counting the tasks of a Batch job";
        let path = format!("jobs/{job}/taskcounts");
        let response = self.send(call, Method::Get, &path, &[], None).await?;
        match status(&response) {
            200 => {
                let counts: Counts = serde_json::from_slice(response.body().as_ref())
                    .map_err(|_| malformed(call))?;
                Ok(counts.task_slot_counts.active + counts.task_slot_counts.running)
            }
            404 => Ok(0),
            _ => Err(error(call, &response)),
        }
    }

    /// Reads a pool; `None` if it has no automatic scaling.
    pub async fn wakeable_pool(&self, pool: &str) -> Result<Option<WakeablePool>, BatchError> {
        let (call, path) = ("reading a pool", pool_path(pool));
        let response = self.send(call, Method::Get, &path, &[("$select", POOL)], None).await?;
        if status(&response) != 200 {
            return Err(error(call, &response));
        }
        let read: PoolBody =
            serde_json::from_slice(response.body().as_ref()).map_err(|_| malformed(call))?;
        Ok(read.auto_scale_formula.map(|formula| WakeablePool {
            formula,
            target: read.target_dedicated_nodes + read.target_low_priority_nodes,
            maximum: read.auto_scale_run.as_ref().and_then(AutoScaleRun::maximum),
            slots: read.task_slots_per_node.unwrap_or(1),
        }))
    }

    /// Replaces the formula of a pool with automatic scaling. The interval is not sent: another one would begin with this
    /// request, so that a pool that is woken every minute would never be evaluated.
    ///
    /// <https://learn.microsoft.com/rest/api/batchservice/pools/enable-pool-auto-scale>
    pub async fn replace_formula(&self, pool: &str, formula: &str) -> Result<(), BatchError> {
        let path = format!("{}/enableautoscale", pool_path(pool));
        let body = NewFormula { auto_scale_formula: formula };
        self.change_pool("replacing the formula of a pool", &path, Some(&body)).await
    }
}
