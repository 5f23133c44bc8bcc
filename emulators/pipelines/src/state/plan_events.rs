//! Tasks without an agent, and the events that complete tasks and jobs.

use chrono::{DateTime, TimeDelta, Utc};

use emulator_core::events::PipelinesEvent;

use super::{Holder, State};
use crate::model::server_task::{Completion, FunctionTask, ServerTask};

/// The token of a task is valid for 48 hours.
/// <https://learn.microsoft.com/azure/devops/pipelines/process/invoke-checks>
const TASK_TOKEN_TTL: TimeDelta = TimeDelta::hours(48);

impl State {
    /// Starts a run with one task without an agent; returns the id of the task's instance.
    pub(crate) fn add_server_task(&mut self, task: &FunctionTask, now: DateTime<Utc>) -> String {
        let project = self.add_project(&task.project);
        let run = self.add_run(project, "Provision", 8, now);
        let (id, job) = (self.guid(), self.guid());
        let token = self.issue(Holder::Plan(run), now + TASK_TOKEN_TTL);
        let completion = task.completion;
        let added =
            ServerTask { id: id.clone(), run, job, status: None, result: None, completion, token };
        self.server_tasks.insert(id.clone(), added);
        id
    }

    /// Records the response of a function; 2xx completes a task that does not wait for a callback, and any other status
    /// fails every task.
    pub(crate) fn record_response(&mut self, task: &str, status: u16, now: DateTime<Utc>) {
        let Some(known) = self.server_tasks.get_mut(task) else { return };
        known.status = Some(status);
        let is_success = (200..300).contains(&status);
        match (is_success, known.completion) {
            (true, Completion::Callback) => {}
            (true, Completion::ApiResponse) => self.complete_task(task, "succeeded", now),
            (false, _) => self.complete_task(task, "failed", now),
        }
    }

    /// Completes a task, unless it is completed.
    pub(crate) fn complete_task(&mut self, task: &str, result: &'static str, now: DateTime<Utc>) {
        let Some(known) = self.server_tasks.get_mut(task) else { return };
        if known.result.is_some() {
            return;
        }
        known.result = Some(result);
        let run = known.run;
        if let Some(run) = self.runs.get_mut(&run) {
            (run.result, run.finish_time) = (Some(result), Some(now));
        }
        self.emit(PipelinesEvent::TaskCompleted { task: task.to_owned(), result });
    }
}
