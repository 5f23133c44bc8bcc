//! Operations on single tasks, and the list of them.

use std::ops::Bound;

use http::StatusCode;

use super::{Call, Reply, views};
use crate::Batch;
use crate::failure::Failure;
use crate::state::State;
use crate::wire::{NewTask, Stamp, TaskReplace, TaskView};
use emulator_core::events::EventKind;

impl Batch {
    pub(super) fn add_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let spec: NewTask = call.body()?;
        // A job that takes no tasks is the greater obstacle: it is told first.
        let mut state = self.state();
        state.check_takes_tasks(call.route.id(0))?;
        spec.check()?;
        let task = spec.id.clone();
        state.add_task(call.route.id(0), spec, self.site.clock.now())?;
        let reply = written(&state, call.route.id(0), &task, StatusCode::CREATED)?;
        let job = state.job(call.route.id(0))?.spec.id.clone();
        self.site.emit(EventKind::TaskAdded { job, task });
        Ok(reply)
    }

    pub(super) fn get_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let query = call.query(&["$select", "$expand"])?;
        let (select, statistics) =
            (query.selection(TaskView::PROPERTIES)?, query.wants_statistics()?);
        let state = self.state();
        let job = state.job(call.route.id(0))?;
        let task = state.task(call.route.id(0), call.route.id(1))?;
        call.check(task.modified)?;
        let now = statistics.then(|| Stamp::of(self.site.clock.now()));
        let body = select.write(&views::task(&call.base, job, task, now));
        Ok(Reply::showing(&call.base, "tasks/@Element", body).modified(task.modified))
    }

    pub(super) fn list_tasks(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let allowed = ["$filter", "$select", "$expand", "maxresults", "$skiptoken"];
        let query = call.query(&allowed)?;
        let now = query.wants_statistics()?.then(|| Stamp::of(self.site.clock.now()));
        let (select, page) = (query.selection(TaskView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::TASK_FIELDS)?;
        let state = self.state();
        let job = state.job(call.route.id(0))?;
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let tasks = job.tasks.range::<str, _>((after, Bound::Unbounded));
        let tasks = tasks.filter(|(_, task)| filter.passes(|name| views::task_field(task, name)));
        let (tasks, last) = page.cut(tasks);
        let write = |task| select.write(&views::task(&call.base, job, task, now));
        let tasks = tasks.into_iter().map(write);
        Ok(call.list(&query, "tasks", (tasks.collect(), last)))
    }

    pub(super) fn update_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let replace: TaskReplace = call.body()?;
        replace.check()?;
        self.change_task(call, StatusCode::OK, |state, job, task| {
            state.update_task(job, task, replace.constraints, self.site.clock.now())
        })
    }

    pub(super) fn terminate_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        self.change_task(call, StatusCode::NO_CONTENT, |state, job, task| {
            state.terminate_task(job, task, self.site.clock.now())
        })
    }

    pub(super) fn reactivate_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        self.change_task(call, StatusCode::NO_CONTENT, |state, job, task| {
            state.reactivate_task(job, task, self.site.clock.now())
        })
    }

    pub(super) fn delete_task(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        call.query(&[])?;
        let (job, task) = (call.route.id(0), call.route.id(1));
        let mut state = self.state();
        call.check(state.task(job, task)?.modified)?;
        state.delete_task(job, task, self.site.clock.now())?;
        Ok(Reply::new(StatusCode::OK))
    }

    fn change_task(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        change: impl FnOnce(&mut State, &str, &str) -> Result<(), Failure>,
    ) -> Result<Reply, Failure> {
        let (job, task) = (call.route.id(0), call.route.id(1));
        let mut state = self.state();
        call.check(state.task(job, task)?.modified)?;
        change(&mut state, job, task)?;
        written(&state, job, task, status)
    }
}

/// Answers a write to a task.
fn written(state: &State, job: &str, task: &str, status: StatusCode) -> Result<Reply, Failure> {
    let (job, task) = (state.job(job)?, state.task(job, task)?);
    let path = format!("/jobs/{}/tasks/{}", job.spec.id, task.spec.id);
    Ok(Reply::new(status).modified(task.modified).subject(path))
}
