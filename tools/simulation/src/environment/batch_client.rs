//! Sends the simulation's own requests to Batch.

use std::sync::Arc;

use azure_batch_emulator::Batch;
use emulator_core::service::{Response, Service};
use http::header;

/// The bearer token of the simulation's own requests to Batch.
pub(super) const BEARER: &str = "simulation";

/// Terminates a task, as an operator does; an ended task stays as it is.
pub(super) async fn terminate(batch: &Arc<Service<Batch>>, job: &str, task: &str) {
    let path = format!("/jobs/{job}/tasks/{task}/terminate");
    call(batch, &path, &serde_json::Value::Null).await;
}

/// Sends Batch a request with the account's token.
pub(super) async fn call(
    batch: &Arc<Service<Batch>>,
    path: &str,
    body: &serde_json::Value,
) -> Response {
    let request = http::Request::post(format!("https://batch.test{path}?api-version=2025-06-01"))
        .header(header::AUTHORIZATION, format!("Bearer {BEARER}"))
        .header(header::CONTENT_TYPE, "application/json; odata=minimalmetadata")
        .body(if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() });
    let answer = batch.call(request.expect("a request")).await;
    answer.expect("this transport loses nothing")
}
