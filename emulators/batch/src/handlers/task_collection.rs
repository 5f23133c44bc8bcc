//! Add Task Collection.
//!
//! The words of `status` are those of the example in the
//! [reference](https://learn.microsoft.com/rest/api/batchservice/add-a-collection-of-tasks-to-a-job)
//! and of recordings (azure-cli's test_batch_file_download_cmd.yaml), not those of the
//! specification, which are in lower case.

use serde_json::{Value, json};

use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{NewTask, TaskCollection, Timestamp};
use crate::error::ApiError;
use crate::state::State;
use emulator_core::events::EventKind;

/// The maximum number of tasks that one request may add.
const MAX_TASKS: usize = 100;

impl Batch {
    /// Adds each task independently: an invalid task does not prevent the others.
    pub(crate) fn add_task_collection(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let TaskCollection { value: tasks } = call.body()?;
        if tasks.len() > MAX_TASKS {
            let count = tasks.len().to_string();
            let reason = "at most 100 tasks can be added in one request";
            return Err(ApiError::invalid_property("value", &count, reason));
        }
        let mut state = self.state();
        state.check_accepts_tasks(call.parameter("job"))?;
        let job = state.job(call.parameter("job"))?.spec.id.clone();
        let results = tasks.into_iter().map(|task| self.add_one(&mut state, call, &job, task));
        let body = json!({ "value": results.collect::<Vec<_>>() });
        Ok(Reply::json(&call.base, "taskaddresult", body))
    }

    fn add_one(&self, state: &mut State, call: &Call<'_>, job: &str, task: NewTask) -> Value {
        let id = task.id.clone();
        let now = self.context.clock.now();
        let added = task.check().and_then(|()| state.add_task(job, task, now));
        match added.map(|task| task.modified) {
            Ok(modified) => {
                let event = EventKind::TaskAdded { job: job.to_owned(), task: id.clone() };
                self.context.emit(event);
                json!({
                    "status": "Success",
                    "taskId": id,
                    "eTag": modified.etag(),
                    "lastModified": modified,
                    "location": format!("{}/jobs/{job}/tasks/{id}", call.base),
                })
            }
            // Never `ServerError`: clients resend such a task until it is accepted.
            Err(error) => json!({
                "status": "ClientError",
                "taskId": id,
                "error": error.element(&call.id, Timestamp::of(now)),
            }),
        }
    }
}
