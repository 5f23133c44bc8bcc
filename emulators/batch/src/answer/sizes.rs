//! Operations that change the size of a pool, or let a formula do so.

use http::StatusCode;
use serde_json::json;

use super::{Call, Reply};
use crate::Batch;
use crate::failure::Failure;
use crate::wire::{AutoScaleEvaluation, AutoScaleSettings, PoolResize, Removal};

impl Batch {
    pub(super) fn enable_scaling(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let settings: AutoScaleSettings = call.optional_body()?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            state.enable_scaling(id, &settings, self.site.clock.now())
        })
    }

    pub(super) fn disable_scaling(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        self.change_pool(call, StatusCode::OK, |state, id| {
            state.disable_scaling(id, self.site.clock.now())
        })
    }

    /// Answers 200 although the formula may have come to nothing: the run tells of its error.
    pub(super) fn evaluate_formula(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let AutoScaleEvaluation { auto_scale_formula } = call.body()?;
        let mut state = self.state();
        let id = call.route.id(0);
        let run = state.try_formula(id, &auto_scale_formula, self.site.clock.now())?;
        let metadata = "Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun";
        let path = format!("/pools/{}", state.pool(id)?.id);
        Ok(Reply::showing(&call.base, metadata, json!(run)).subject(path))
    }

    pub(super) fn resize_pool(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let resize: PoolResize = call.body()?;
        resize.check()?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.resize_pool(id, resize, self.site.clock.now())
        })
    }

    pub(super) fn stop_resize(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.stop_resize(id, self.site.clock.now())
        })
    }

    pub(super) fn remove_nodes(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let removal: Removal = call.body()?;
        removal.check()?;
        self.change_pool(call, StatusCode::ACCEPTED, |state, id| {
            state.remove_nodes(id, &removal, self.site.clock.now())
        })
    }
}
