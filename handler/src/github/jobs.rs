//! Reads workflow jobs.

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
    /// [`GithubError::NotFound`] does not prove that the job does not exist: the token may have no access.
    pub async fn job(&self, repository: &Repository, job: u64) -> Result<Job, GithubError> {
        let path = format!("repos/{repository}/actions/jobs/{job}");
        let JobBody { run_id: run, status, runner_name, labels } =
            JobBody::clone(&*self.get_cached("reading a workflow job", &path, &[]).await?);
        // A job without a runner has a null or empty runner name, whatever its runner id is
        // (https://github.com/actions/runner/issues/4684).
        let runner = runner_name.filter(|name| !name.is_empty());
        Ok(Job { run, status, runner, labels })
    }
}
