//! Operations on jobs.

use std::ops::Bound;

use http::StatusCode;
use serde_json::{Value, json};

use super::views;
use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{JobDisable, JobPatch, JobReplace, JobTerminate, JobView, NewJob};
use crate::error::ApiError;
use crate::state::State;

impl Batch {
    pub(crate) fn add_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let spec: NewJob = call.body()?;
        spec.check()?;
        let id = spec.id.clone();
        let mut state = self.state();
        state.add_job(spec, self.context.clock.now())?;
        written(&state, &id, StatusCode::CREATED)
    }

    pub(crate) fn get_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let select = call.query(&["$select"])?.selection(JobView::PROPERTIES)?;
        let state = self.state();
        let job = state.job(call.parameter("job"))?;
        call.check(job.modified)?;
        let body = select.write(&views::job(&call.base, job));
        Ok(Reply::json(&call.base, "jobs/@Element", body).modified(job.modified))
    }

    pub(crate) fn list_jobs(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "$select", "maxresults", "$skiptoken"])?;
        let (select, page) = (query.selection(JobView::PROPERTIES)?, query.page()?);
        let filter = query.filter(views::JOB_FIELDS)?;
        let state = self.state();
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let jobs = state.jobs.range::<str, _>((after, Bound::Unbounded));
        let jobs = jobs.filter(|(_, job)| filter.matches(|name| views::job_field(job, name)));
        let (jobs, last) = page.cut(jobs);
        let jobs = jobs.into_iter().map(|job| select.write(&views::job(&call.base, job)));
        Ok(call.list(&query, "jobs", (jobs.collect(), last)))
    }

    pub(crate) fn update_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let patch: JobPatch = call.body()?;
        patch.check()?;
        self.change_job(call, StatusCode::OK, |state, id| {
            state.update_job(id, patch, self.context.clock.now())
        })
    }

    pub(crate) fn replace_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let replace: JobReplace = call.body()?;
        self.change_job(call, StatusCode::OK, |state, id| {
            let patch = replace.patch(state.job(id)?.pool());
            patch.check()?;
            state.update_job(id, patch, self.context.clock.now())
        })
    }

    pub(crate) fn disable_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let JobDisable { disable_tasks } = call.body()?;
        self.change_job(call, StatusCode::ACCEPTED, |state, id| {
            state.disable_job(id, disable_tasks, self.context.clock.now())
        })
    }

    pub(crate) fn enable_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        self.change_job(call, StatusCode::ACCEPTED, |state, id| {
            state.enable_job(id, self.context.clock.now())
        })
    }

    pub(crate) fn terminate_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&["force"])?.flag("force")?;
        let JobTerminate { terminate_reason } = call.optional_body()?;
        self.change_job(call, StatusCode::ACCEPTED, |state, id| {
            state.terminate_job(id, terminate_reason, self.context.clock.now())
        })
    }

    pub(crate) fn delete_job(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&["force"])?.flag("force")?;
        let mut state = self.state();
        let id = call.parameter("job");
        call.check(state.job(id)?.modified)?;
        state.delete_job(id, self.context.clock.now())?;
        Ok(Reply::new(StatusCode::ACCEPTED))
    }

    pub(crate) fn task_counts(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let state = self.state();
        let tally = state.job(call.parameter("job"))?.tally;
        let all = [
            ("active", tally.active),
            ("running", tally.running),
            ("succeeded", tally.succeeded),
            ("failed", tally.failed),
        ];
        let completed = (
            tally.succeeded.tasks + tally.failed.tasks,
            tally.succeeded.slots + tally.failed.slots,
        );
        let mut tasks: Value = all.iter().map(|(name, count)| (*name, count.tasks)).collect();
        let mut slots: Value = all.iter().map(|(name, count)| (*name, count.slots)).collect();
        (tasks["completed"], slots["completed"]) = (json!(completed.0), json!(completed.1));
        let body = json!({ "taskCounts": tasks, "taskSlotCounts": slots });
        Ok(Reply::json(&call.base, "taskcountsresult/@Element", body))
    }

    fn change_job(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        change: impl FnOnce(&mut State, &str) -> Result<(), ApiError>,
    ) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let id = call.parameter("job");
        call.check(state.job(id)?.modified)?;
        change(&mut state, id)?;
        written(&state, id, status)
    }
}

/// Creates the response to a change of a job.
fn written(state: &State, id: &str, status: StatusCode) -> Result<Reply, ApiError> {
    let job = state.job(id)?;
    let path = format!("/jobs/{}", job.spec.id);
    Ok(Reply::new(status).modified(job.modified).subject(path))
}
