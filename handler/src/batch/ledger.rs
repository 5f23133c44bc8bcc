//! Reads the ledger as a whole: the Batch jobs of all profiles, their tasks, and the pools; and ends tasks.

use azure_core::http::Method;
use serde::de::DeserializeOwned;
use url::Url;

use super::dto::{self, listed};
use super::{Batch, BatchError, other, status, task_path, unreadable};
use crate::batch_job::{BatchJobId, PREFIX};
use crate::reconcile::snapshot::PoolState;

pub use listed::ListedTask;

/// The most items of a page, which is also Batch's default.
const PAGE: &str = "1000";
/// More pages would be a million tasks of one Batch job, which nobody has: a runner's task is kept for days.
const MOST_PAGES: usize = 1000;

/// Whether a Batch job takes tasks and starts them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JobState {
    /// It does.
    Open,
    /// It is disabled, completed, or on its way there.
    Closed,
}

impl Batch {
    /// Lists the Batch jobs whose names are those of ours.
    ///
    /// # Errors
    /// As for every call: then nothing is known, not a part.
    pub async fn jobs(&self) -> Result<Vec<(BatchJobId, JobState)>, BatchError> {
        let filter = format!("startswith(id,'{PREFIX}')");
        let query = [("$filter", filter.as_str()), ("$select", "id,state"), ("maxresults", PAGE)];
        let jobs: Vec<listed::Job> = self.list("listing the Batch jobs", "jobs", &query).await?;
        Ok(jobs.into_iter().filter_map(listed::Job::read).collect())
    }

    /// Lists the tasks of a Batch job, with what tells where each stands. One that is gone has none.
    ///
    /// # Errors
    /// As for every call: then nothing is known, not a part.
    pub async fn tasks(&self, job: &BatchJobId) -> Result<Vec<ListedTask>, BatchError> {
        self.tasks_by(job, &[("$select", listed::TASK), ("maxresults", PAGE)]).await
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

    /// Lists the tasks of a Batch job whose names begin so.
    ///
    /// # Errors
    /// As for every call.
    pub async fn tasks_named(
        &self,
        job: &BatchJobId,
        prefix: &str,
    ) -> Result<Vec<ListedTask>, BatchError> {
        let filter = format!("startswith(id,'{prefix}')");
        let query = [("$filter", filter.as_str()), ("$select", listed::TASK), ("maxresults", PAGE)];
        self.tasks_by(job, &query).await
    }

    /// Lists the tasks of a Batch job that have not ended.
    ///
    /// # Errors
    /// As for every call.
    pub async fn live_tasks(&self, job: &BatchJobId) -> Result<Vec<ListedTask>, BatchError> {
        let alive = ("$filter", "state ne 'completed'");
        self.tasks_by(job, &[alive, ("$select", listed::TASK), ("maxresults", PAGE)]).await
    }

    /// Lists the pools, with their sizes and what keeps each from growing.
    ///
    /// # Errors
    /// As for every call.
    pub async fn pools(&self) -> Result<Vec<(String, PoolState)>, BatchError> {
        let query = [("$select", listed::POOL), ("maxresults", PAGE)];
        let pools: Vec<listed::Pool> = self.list("listing the pools", "pools", &query).await?;
        Ok(pools.into_iter().map(listed::Pool::read).collect())
    }

    /// Ends a task, and a process of it. That it has ended, or is gone, is success.
    ///
    /// # Errors
    /// As for every call.
    pub async fn terminate(&self, job: &BatchJobId, task: &str) -> Result<(), BatchError> {
        let path = format!("{}/terminate", task_path(job, task));
        self.end("terminating a task", Method::Post, &path).await
    }

    /// Deletes a task. That it is gone is success.
    ///
    /// # Errors
    /// As for every call.
    pub async fn delete_task(&self, job: &BatchJobId, task: &str) -> Result<(), BatchError> {
        self.end("deleting a task", Method::Delete, &task_path(job, task)).await
    }

    async fn end(&self, call: &'static str, method: Method, path: &str) -> Result<(), BatchError> {
        let answer = self.send(call, method, path, &[], None).await?;
        match (status(&answer), dto::code(&answer).as_str()) {
            (200 | 204, _)
            | (404, "TaskNotFound" | "JobNotFound")
            | (409, "TaskCompleted" | "JobBeingDeleted") => Ok(()),
            _ => Err(other(call, &answer)),
        }
    }

    /// Reads a list to its last page. One that leads back to a page, or never ends, is not what Batch describes.
    async fn list<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, BatchError> {
        let mut items = Vec::new();
        let mut query: Vec<(String, String)> =
            query.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        for _ in 0..MOST_PAGES {
            let pairs: Vec<_> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let answer = self.send(call, Method::Get, path, &pairs, None).await?;
            match (status(&answer), dto::code(&answer).as_str()) {
                (200, _) => {}
                (404, "JobNotFound") => return Err(BatchError::NoTask(path.to_owned())),
                _ => return Err(other(call, &answer)),
            }
            let page: listed::Page<T> =
                serde_json::from_slice(answer.body().as_ref()).map_err(|_| unreadable(call))?;
            items.extend(page.value);
            match page.next_link {
                Some(link) => {
                    let next = next_query(&link).filter(|next| *next != query);
                    query = next.ok_or_else(|| unreadable(call))?;
                }
                None => return Ok(items),
            }
        }
        Err(unreadable(call))
    }
}

/// Takes the query of a next link alone: where requests go is told by the settings, never by an answer.
fn next_query(link: &str) -> Option<Vec<(String, String)>> {
    let link = Url::parse(link).ok()?;
    let own = |(name, _): &(String, String)| name != "api-version";
    Some(link.query_pairs().into_owned().filter(own).collect())
}
