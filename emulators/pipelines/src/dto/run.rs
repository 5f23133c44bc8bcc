//! Runs of pipelines.

use serde_json::{Value, json};

use super::{timestamp, without_nulls};
use crate::model::run::Run;

/// Writes a run as a build.
///
/// <https://learn.microsoft.com/rest/api/azure/devops/build/builds/get>
pub(crate) fn build(run: &Run, base: &str) -> Value {
    let (pipeline, name) = &run.pipeline;
    let plan = json!({ "planId": run.plan_id });
    without_nulls(json!({
        "id": run.id,
        "buildNumber": run.number,
        "status": if run.result.is_some() { "completed" } else { "inProgress" },
        "result": run.result,
        "queueTime": timestamp(run.queue_time),
        "startTime": timestamp(run.queue_time),
        "finishTime": run.finish_time.map(timestamp),
        "url": format!("{base}/{}/_apis/build/Builds/{}", run.project.id, run.id),
        "definition": { "id": pipeline, "name": name, "type": "build" },
        "project": { "id": run.project.id, "name": run.project.name, "state": "wellFormed" },
        "orchestrationPlan": plan,
        "plans": [plan],
        "reason": "manual",
    }))
}
