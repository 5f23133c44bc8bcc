//! Operations that resize a pool or change its automatic scaling.

use http::StatusCode;
use serde_json::json;

use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{AutoScaleEvaluation, AutoScaleSettings, NodeRemoval, PoolResize};
use crate::error::ApiError;

impl Batch {
    pub(crate) fn enable_scaling(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let settings: AutoScaleSettings = call.optional_body()?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            state.enable_scaling(id, &settings, self.context.clock.now())
        })
    }

    pub(crate) fn disable_scaling(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            state.disable_scaling(id, self.context.clock.now())
        })
    }

    /// Responds with 200 even if the evaluation fails: the run contains the error.
    pub(crate) fn evaluate_formula(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let AutoScaleEvaluation { auto_scale_formula } = call.body()?;
        let mut state = self.state();
        let id = call.parameter("pool");
        let run = state.evaluate_once(id, &auto_scale_formula, self.context.clock.now())?;
        let metadata = "Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun";
        let path = format!("/pools/{}", state.pool(id)?.id);
        Ok(Reply::json(&call.base, metadata, json!(run)).subject(path))
    }

    pub(crate) fn resize_pool(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let resize: PoolResize = call.body()?;
        resize.check()?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.resize_pool(id, resize, self.context.clock.now())
        })
    }

    pub(crate) fn stop_resize(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.stop_resize(id, self.context.clock.now())
        })
    }

    pub(crate) fn remove_nodes(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let removal: NodeRemoval = call.body()?;
        removal.check()?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.remove_nodes(id, &removal, self.context.clock.now())
        })
    }
}
