//! Operations on single tasks, and the list of them.

use std::ops::Bound;

use http::StatusCode;

use super::views;
use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{NewTask, TaskReplace, TaskView, Timestamp};
use crate::error::ApiError;
use crate::state::State;
use emulator_core::events::EventKind;

impl Batch {
    pub(crate) fn add_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let spec: NewTask = call.body()?;
        // The job's state takes precedence over errors in the task.
        let mut state = self.state();
        state.check_accepts_tasks(call.parameter("job"))?;
        spec.check()?;
        let task = spec.id.clone();
        state.add_task(call.parameter("job"), spec, self.context.clock.now())?;
        let reply = written(&state, call.parameter("job"), &task, StatusCode::CREATED)?;
        let job = state.job(call.parameter("job"))?.spec.id.clone();
        self.context.emit(EventKind::TaskAdded { job, task });
        Ok(reply)
    }

    pub(crate) fn get_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$select", "$expand"])?;
        let (select, statistics) =
            (query.selection(TaskView::PROPERTIES)?, query.wants_statistics()?);
        let state = self.state();
        let job = state.job(call.parameter("job"))?;
        let task = state.task(call.parameter("job"), call.parameter("task"))?;
        call.check(task.modified)?;
        let now = statistics.then(|| Timestamp::of(self.context.clock.now()));
        let body = select.write(&views::task(&call.base, job, task, now));
        Ok(Reply::json(&call.base, "tasks/@Element", body).modified(task.modified))
    }

    pub(crate) fn list_tasks(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let allowed = ["$filter", "$select", "$expand", "maxresults", "$skiptoken"];
        let query = call.query(&allowed)?;
        let now = query.wants_statistics()?.then(|| Timestamp::of(self.context.clock.now()));
        let (select, page) = (query.selection(TaskView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::TASK_FIELDS)?;
        let state = self.state();
        let job = state.job(call.parameter("job"))?;
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let tasks = job.tasks.range::<str, _>((after, Bound::Unbounded));
        let tasks = tasks.filter(|(_, task)| filter.matches(|name| views::task_field(task, name)));
        let (tasks, last) = page.cut(tasks);
        let write = |task| select.write(&views::task(&call.base, job, task, now));
        let tasks = tasks.into_iter().map(write);
        Ok(call.list(&query, "tasks", (tasks.collect(), last)))
    }

    pub(crate) fn update_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let replace: TaskReplace = call.body()?;
        replace.check()?;
        self.change_task(call, StatusCode::OK, |state, job, task| {
            state.update_task(job, task, replace.constraints, self.context.clock.now())
        })
    }

    pub(crate) fn terminate_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        self.change_task(call, StatusCode::NO_CONTENT, |state, job, task| {
            state.terminate_task(job, task, self.context.clock.now())
        })
    }

    pub(crate) fn reactivate_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        self.change_task(call, StatusCode::NO_CONTENT, |state, job, task| {
            state.reactivate_task(job, task, self.context.clock.now())
        })
    }

    pub(crate) fn delete_task(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (job, task) = (call.parameter("job"), call.parameter("task"));
        let mut state = self.state();
        call.check(state.task(job, task)?.modified)?;
        state.delete_task(job, task, self.context.clock.now())?;
        Ok(Reply::new(StatusCode::OK))
    }

    fn change_task(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        change: impl FnOnce(&mut State, &str, &str) -> Result<(), ApiError>,
    ) -> Result<Reply, ApiError> {
        let (job, task) = (call.parameter("job"), call.parameter("task"));
        let mut state = self.state();
        call.check(state.task(job, task)?.modified)?;
        change(&mut state, job, task)?;
        written(&state, job, task, status)
    }
}

/// Creates the response to a change of a task.
fn written(state: &State, job: &str, task: &str, status: StatusCode) -> Result<Reply, ApiError> {
    let (job, task) = (state.job(job)?, state.task(job, task)?);
    let path = format!("/jobs/{}/tasks/{}", job.spec.id, task.spec.id);
    Ok(Reply::new(status).modified(task.modified).subject(path))
}
