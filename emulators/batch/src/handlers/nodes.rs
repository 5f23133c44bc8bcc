//! Actions on single nodes.

use http::StatusCode;
use serde::de::IgnoredAny;

use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{NodeReboot, NodeSchedulingDisable};
use crate::error::ApiError;

impl Batch {
    pub(crate) fn reboot_node(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let NodeReboot { node_reboot_option } = call.optional_body()?;
        let tasks = node_reboot_option.unwrap_or_default();
        let (pool, node) = (call.parameter("pool"), call.parameter("node"));
        self.state().reboot_node(pool, node, tasks, self.context.clock.now())?;
        Ok(done(call, StatusCode::ACCEPTED))
    }

    /// Refuses, as the service does for every pool that can still be added: a recording of
    /// azure-sdk-for-python (test_batch.test_batch_compute_nodes.yaml) shows the error.
    pub(crate) fn reimage_node(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        call.optional_body::<Option<IgnoredAny>>()?;
        self.state().pool(call.parameter("pool"))?.node(call.parameter("node"))?;
        Err(ApiError::node_not_reimaged())
    }

    pub(crate) fn disable_node_scheduling(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let tasks = call.optional_body::<NodeSchedulingDisable>()?.tasks()?;
        let (pool, node) = (call.parameter("pool"), call.parameter("node"));
        self.state().set_node_scheduling(pool, node, Some(tasks), self.context.clock.now())?;
        Ok(done(call, StatusCode::OK))
    }

    pub(crate) fn enable_node_scheduling(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (pool, node) = (call.parameter("pool"), call.parameter("node"));
        self.state().set_node_scheduling(pool, node, None, self.context.clock.now())?;
        Ok(done(call, StatusCode::OK))
    }
}

fn done(call: &Call<'_>, status: StatusCode) -> Reply {
    Reply::new(status).subject(call.request.uri().path().to_owned())
}
