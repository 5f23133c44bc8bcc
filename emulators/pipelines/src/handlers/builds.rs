//! Runs of pipelines as builds.

use http::StatusCode;

use super::call::{self, Call};
use crate::dto;
use crate::error::{ApiError, ApiResult};
use crate::state::State;

pub(super) fn get(state: &mut State, call: &Call<'_>) -> ApiResult {
    let id = call.id("build");
    let project = call.param("project");
    let run = state.runs.get(&id).filter(|run| {
        let names = [&run.project.name, &run.project.id];
        project.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(project))
    });
    let run = run.ok_or_else(|| {
        let text = format!("The requested build {id} could not be found.");
        ApiError::new(StatusCode::NOT_FOUND, "BuildNotFoundException", text)
    })?;
    Ok(call::object(&dto::run::build(run, &call.base)))
}
