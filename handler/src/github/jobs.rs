//! Workflow jobs.

use serde::Deserialize;

use super::{Github, GithubError};
use crate::assignment::Job;
use crate::repository::Repository;

#[derive(Clone, Deserialize)]
struct JobBody {
    run_id: u64,
    status: String,
    runner_name: Option<String>,
    labels: Vec<String>,
}

impl Github {
    /// Reads a workflow job.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-jobs#get-a-job-for-a-workflow-run>
    ///
    /// # Errors
    /// [`GithubError`]; a job that cannot be seen is [`GithubError::NotFound`], which proves nothing.
    pub async fn job(&self, repository: &Repository, job: u64) -> Result<Job, GithubError> {
        let path = format!("repos/{repository}/actions/jobs/{job}");
        let JobBody { run_id: run, status, runner_name, labels } =
            JobBody::clone(&*self.get_known("reading a workflow job", &path, &[]).await?);
        // A job that no runner took has null or an empty name, whatever its runner id says
        // (https://github.com/actions/runner/issues/4684).
        let runner = runner_name.filter(|name| !name.is_empty());
        Ok(Job { run, status, runner, labels })
    }
}
