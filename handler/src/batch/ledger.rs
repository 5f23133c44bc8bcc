//! Lists all Batch jobs, tasks and pools of the deployment, and ends tasks.

use azure_core::http::Method;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use url::Url;

use super::dto::{self, listed};
use super::{Batch, BatchError, IdRange, error, malformed, status, task_path};
use crate::batch_job::{BatchJobId, PREFIX};
use crate::reconcile::snapshot::PoolState;

pub use listed::ListedTask;

/// Maximum number of items on a page, which is also Batch's default.
const PAGE_SIZE: &str = "1000";
/// Maximum number of pages. A Batch job with more, a million tasks, cannot occur: a task is kept for days.
const MAX_PAGES: usize = 1000;

/// Whether a Batch job accepts and starts tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JobState {
    /// It accepts and starts tasks.
    Open,
    /// It is disabled, or about to be: it starts no tasks.
    Disabled,
    /// It is completed, or about to be completed or deleted.
    Closed,
}

impl Batch {
    /// Lists the Batch jobs with the names of this handler.
    ///
    /// # Errors
    /// When a page could not be read: the list is never incomplete.
    pub async fn jobs(&self) -> Result<Vec<(BatchJobId, JobState)>, BatchError> {
        let filter = format!("startswith(id,'{PREFIX}')");
        let query =
            [("$filter", filter.as_str()), ("$select", "id,state"), ("maxresults", PAGE_SIZE)];
        let jobs: Vec<listed::Job> = self.list("listing the Batch jobs", "jobs", &query).await?;
        Ok(jobs.into_iter().filter_map(listed::Job::parse).collect())
    }

    /// Lists the tasks of a Batch job. The list is empty if the Batch job does not exist.
    ///
    /// # Errors
    /// When a page could not be read: the list is never incomplete.
    pub async fn tasks(&self, job: &BatchJobId) -> Result<Vec<ListedTask>, BatchError> {
        self.tasks_by(job, &[("$select", listed::TASK), ("maxresults", PAGE_SIZE)]).await
    }

    /// Lists the tasks of a Batch job with ids in a range that have not ended, and those that have ended since a time, in
    /// whole seconds.
    ///
    /// # Errors
    /// When a page could not be read: the list is never incomplete.
    pub async fn tasks_since(
        &self,
        job: &BatchJobId,
        since: DateTime<Utc>,
        range: &IdRange,
    ) -> Result<Vec<ListedTask>, BatchError> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let ended_since = format!("stateTransitionTime ge DateTime'{since}'");
        let filter = range.filter(&["state ne 'completed'", &ended_since]);
        let query =
            [("$filter", filter.as_str()), ("$select", listed::TASK), ("maxresults", PAGE_SIZE)];
        self.tasks_by(job, &query).await
    }

    async fn tasks_by(
        &self,
        job: &BatchJobId,
        query: &[(&str, &str)],
    ) -> Result<Vec<ListedTask>, BatchError> {
        match self.list("listing tasks", &format!("jobs/{job}/tasks"), query).await {
            Err(BatchError::NoTask(_)) => Ok(Vec::new()),
            tasks => tasks,
        }
    }

    /// Lists the tasks of a Batch job whose ids have a prefix.
    pub async fn tasks_named(
        &self,
        job: &BatchJobId,
        prefix: &str,
    ) -> Result<Vec<ListedTask>, BatchError> {
        let filter = format!("startswith(id,'{prefix}')");
        let query =
            [("$filter", filter.as_str()), ("$select", listed::TASK), ("maxresults", PAGE_SIZE)];
        self.tasks_by(job, &query).await
    }

    /// Lists the tasks of a Batch job that have not ended.
    pub async fn live_tasks(&self, job: &BatchJobId) -> Result<Vec<ListedTask>, BatchError> {
        let alive = ("$filter", "state ne 'completed'");
        self.tasks_by(job, &[alive, ("$select", listed::TASK), ("maxresults", PAGE_SIZE)]).await
    }

    /// Lists the pools with their sizes and errors.
    pub async fn pools(&self) -> Result<Vec<(String, PoolState)>, BatchError> {
        let query = [("$select", listed::POOL), ("maxresults", PAGE_SIZE)];
        let pools: Vec<listed::Pool> = self.list("listing the pools", "pools", &query).await?;
        Ok(pools.into_iter().map(listed::Pool::parse).collect())
    }

    /// Disables a Batch job: no further task starts, and running tasks go on. Succeeds if it starts no tasks for another
    /// reason.
    ///
    /// # Errors
    /// [`BatchError::NoJob`] if it does not exist.
    ///
    /// <https://learn.microsoft.com/rest/api/batchservice/jobs/disable-job>
    pub async fn disable_job(&self, job: &BatchJobId) -> Result<(), BatchError> {
        let call = "disabling a Batch job";
        let response =
            self.post(call, &format!("jobs/{job}/disable"), &dto::JobToDisable::WAIT).await?;
        let code = dto::code(&response);
        match (status(&response), code.as_str()) {
            (202, _) => Ok(()),
            (404, "JobNotFound") => Err(BatchError::NoJob(job.clone())),
            (409, _) if code.starts_with("Job") => Ok(()),
            _ => Err(error(call, &response)),
        }
    }

    /// Enables a Batch job. Succeeds if it does not exist, or will never start a task again.
    ///
    /// <https://learn.microsoft.com/rest/api/batchservice/jobs/enable-job>
    pub async fn enable_job(&self, job: &BatchJobId) -> Result<(), BatchError> {
        let call = "enabling a Batch job";
        let path = format!("jobs/{job}/enable");
        let response = self.send(call, Method::Post, &path, &[], None).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (202, _) | (404, "JobNotFound") => Ok(()),
            (409, "JobCompleted" | "JobBeingTerminated" | "JobBeingDeleted") => Ok(()),
            // Its running tasks may have to end first.
            (409, code) => {
                let fault = format!("409 {code}");
                Err(BatchError::Unavailable { call, fault, retry_after: None })
            }
            _ => Err(error(call, &response)),
        }
    }

    /// Terminates a task and its process. Succeeds if it has ended or does not exist.
    pub async fn terminate(&self, job: &BatchJobId, task: &str) -> Result<(), BatchError> {
        let path = format!("{}/terminate", task_path(job, task));
        self.end("terminating a task", Method::Post, &path).await
    }

    /// Deletes a task. Succeeds if it does not exist.
    pub async fn delete_task(&self, job: &BatchJobId, task: &str) -> Result<(), BatchError> {
        self.end("deleting a task", Method::Delete, &task_path(job, task)).await
    }

    async fn end(&self, call: &'static str, method: Method, path: &str) -> Result<(), BatchError> {
        let response = self.send(call, method, path, &[], None).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (200 | 204, _)
            | (404, "TaskNotFound" | "JobNotFound")
            | (409, "TaskCompleted" | "JobBeingDeleted") => Ok(()),
            _ => Err(error(call, &response)),
        }
    }

    /// Reads all pages of a list. Fails if a page links to itself, or the list does not end.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, BatchError> {
        let mut items = Vec::new();
        let mut query: Vec<(String, String)> =
            query.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        for _ in 0..MAX_PAGES {
            let pairs: Vec<_> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let response = self.send(call, Method::Get, path, &pairs, None).await?;
            match (status(&response), dto::code(&response).as_str()) {
                (200, _) => {}
                (404, "JobNotFound") => return Err(BatchError::NoTask(path.to_owned())),
                _ => return Err(error(call, &response)),
            }
            let page: listed::Page<T> =
                page(response.body().as_ref()).ok_or_else(|| malformed(call))?;
            items.extend(page.value);
            match page.next_link {
                Some(link) => {
                    let next = next_query(&link).filter(|next| *next != query);
                    query = next.ok_or_else(|| malformed(call))?;
                }
                None => return Ok(items),
            }
        }
        Err(malformed(call))
    }
}

/// Parses a page. Its UTF-8 is checked once rather than in each of its thousands of texts.
fn page<T: DeserializeOwned>(body: &[u8]) -> Option<listed::Page<T>> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// Returns the query of the link to the next page. A response must not choose the host of a request.
fn next_query(link: &str) -> Option<Vec<(String, String)>> {
    let link = Url::parse(link).ok()?;
    let own = |(name, _): &(String, String)| name != "api-version";
    Some(link.query_pairs().into_owned().filter(own).collect())
}
