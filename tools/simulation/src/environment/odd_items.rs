//! Adds an item to a list of GitHub that lacks what the schema requires.
//!
//! All other items must be read. The item is never one that matters: its id belongs to nothing.

use bytes::Bytes;
use emulator_core::service::Response;
use http::header;
use serde_json::{Value, json};

/// The member that contains the list.
const LISTS: [&str; 3] = ["jobs", "workflow_runs", "runners"];

/// Returns a list with one more item; any other response stays as it is.
pub(super) fn with_odd_item(response: Response) -> Response {
    let mut body: Value = match serde_json::from_slice(response.body()) {
        Ok(body) if response.status().is_success() => body,
        _ => return response,
    };
    let Some(name) = LISTS.into_iter().find(|name| body[*name].is_array()) else {
        return response;
    };
    if let Some(items) = body[name].as_array_mut() {
        items.insert(0, odd(name));
    }
    if let Some(count) = body["total_count"].as_u64() {
        body["total_count"] = json!(count + 1);
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    // Other content has another tag. Without one, the list is read again.
    parts.headers.remove(header::ETAG);
    Response::from_parts(parts, Bytes::from(body.to_string()))
}

fn odd(list: &str) -> Value {
    match list {
        "jobs" => {
            json!({ "id": 7, "run_id": null, "status": "queued", "labels": null, "started_at": "" })
        }
        "workflow_runs" => json!({ "id": 7, "status": "queued", "repository": null }),
        _ => json!({ "id": 7, "name": null, "labels": [null] }),
    }
}
