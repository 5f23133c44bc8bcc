//! Reads workflow runs and their jobs.

use chrono::{DateTime, Utc};
use http::Method;
use serde::{Deserialize, Deserializer};

use super::call::Call;
use super::jobs::repository_in_url;
use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::assignment::{Job, JobDetails, ListedJob};
use crate::repository::Repository;

/// GitHub lists at most 1,000 runs of a status.
const MAX_RUN_PAGES: usize = 10;
/// A matrix has at most 256 jobs; each attempt repeats them.
const MAX_JOB_PAGES: usize = 30;

/// The operation that lists workflow runs.
pub const LIST_RUNS: &str = "listing the workflow runs of a repository";

/// A workflow run of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRun {
    /// Its id.
    pub id: u64,
    /// When it was last updated: by a job that starts or ends, or a gate that opens.
    pub updated_at: Option<DateTime<Utc>>,
    repository: RunRepository,
}

#[derive(Clone, Debug, Deserialize)]
struct RunRepository {
    private: bool,
    full_name: Option<String>,
    owner: Option<RunOwner>,
}

#[derive(Clone, Debug, Deserialize)]
struct RunOwner {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The jobs of a run.
#[derive(Clone, Debug)]
pub struct JobsOfRun {
    /// The jobs of all attempts with their ids.
    pub jobs: Vec<(u64, ListedJob)>,
    /// Whether the run has no other job.
    pub complete: bool,
}

impl ListedRun {
    /// Returns whether its repository is public.
    pub fn is_public(&self) -> bool {
        !self.repository.private
    }

    /// Returns whether a user owns its repository.
    pub fn is_of_user(&self) -> bool {
        let owner = self.repository.owner.as_ref();
        owner.and_then(|owner| owner.kind.as_deref()) == Some("User")
    }

    /// Returns the present name of its repository, which may have been requested by a former one.
    pub fn repository(&self) -> Option<Repository> {
        Repository::try_from(self.repository.full_name.as_deref()?).ok()
    }
}

#[derive(Clone, Debug, Deserialize)]
struct JobOfList {
    id: u64,
    run_id: u64,
    status: String,
    runner_id: Option<u64>,
    runner_name: Option<String>,
    labels: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    workflow_name: Option<Box<str>>,
    #[serde(default, deserialize_with = "text")]
    conclusion: Option<Box<str>>,
    created_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "repository_in_url")]
    url: Option<Repository>,
    #[serde(default, deserialize_with = "repository_in_url")]
    html_url: Option<Repository>,
}

impl Github {
    /// Lists the runs of a repository with a status, the latest first.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>
    pub async fn runs(
        &self,
        repository: &Repository,
        status: &str,
    ) -> Result<Listed<ListedRun>, GithubError> {
        let path = format!("repos/{repository}/actions/runs");
        let call = LIST_RUNS;
        let query = [("status", status)];
        let list = List { call, path: &path, query: &query, field: Some("workflow_runs") };
        self.list(&list, MAX_RUN_PAGES).await
    }

    /// Lists the jobs of all attempts of a run: a runner may have been created for a job of an earlier one.
    ///
    /// Callers list the jobs of a run again although its `updated_at` is the same. GitHub does not document that each change
    /// of a job changes its run, and the status of a run says nothing about most of its jobs
    /// (<https://github.com/cli/cli/issues/13972>). A list that has not changed costs no request of the hour. Its entity tag
    /// may be valid for one token only (<https://github.com/github/docs/issues/34689>): with the next one, after an hour
    /// for an App, it is read once more.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run>
    ///
    /// # Errors
    /// [`GithubError::NotFound`] does not prove that the run does not exist: the token may have no access.
    pub async fn jobs_of_run(
        &self,
        repository: &Repository,
        run: u64,
    ) -> Result<JobsOfRun, GithubError> {
        let path = format!("repos/{repository}/actions/runs/{run}/jobs");
        let call = "listing the jobs of a workflow run";
        let list = List { call, path: &path, query: &[("filter", "all")], field: Some("jobs") };
        let listed = self.list::<JobOfList>(&list, MAX_JOB_PAGES).await?;
        let (count, whole) = (listed.items.len(), listed.complete && listed.unreadable == 0);
        let jobs = listed.items.into_iter().filter_map(|job| job.into_listed(repository));
        let jobs: Vec<(u64, ListedJob)> = jobs.collect();
        Ok(JobsOfRun { complete: whole && jobs.len() == count, jobs })
    }

    /// Cancels a run. Succeeds if it has already ended.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#cancel-a-workflow-run>
    pub async fn cancel_run(&self, repository: &Repository, run: u64) -> Result<(), GithubError> {
        let path = format!("repos/{repository}/actions/runs/{run}/cancel");
        let call = Call::new("cancelling a workflow run", &Method::POST, &path);
        match self.send(&call, None::<&()>).await {
            Ok(_) | Err(GithubError::Conflict { .. } | GithubError::NotFound { .. }) => Ok(()),
            Err(err) => Err(err),
        }
    }
}

/// Reads a text that is only shown: a job whose text has another form is listed nevertheless.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<str>>, D::Error> {
    Ok(serde_json::Value::deserialize(from)?.as_str().map(Box::from))
}

impl JobOfList {
    fn into_listed(self, repository: &Repository) -> Option<(u64, ListedJob)> {
        // A job without a runner has a null or empty runner name, whatever its runner id is
        // (https://github.com/actions/runner/issues/4684).
        let runner = self.runner_name.filter(|name| !name.is_empty());
        let runner_id = self.runner_id.filter(|&id| id > 0 && runner.is_some());
        let details = Job { run: self.run_id, status: self.status, runner, labels: self.labels };
        let job = ListedJob {
            repository: self.url.or(self.html_url).unwrap_or_else(|| repository.clone()),
            created_at: self.created_at.or(self.started_at)?,
            ended_at: self.completed_at,
            runner_id,
            job: details,
            details: JobDetails {
                workflow: self.workflow_name,
                started_at: self.started_at,
                conclusion: self.conclusion,
            },
        };
        Some((self.id, job))
    }
}
