//! Reads workflow jobs.

use serde::Deserialize;
use url::Url;

use super::{Github, GithubError};
use crate::assignment::Job;
use crate::repository::Repository;

#[derive(Clone, Deserialize)]
struct JobBody {
    run_id: u64,
    status: String,
    runner_name: Option<String>,
    labels: Vec<String>,
    url: Option<String>,
    html_url: Option<String>,
}

impl Github {
    /// Reads a workflow job.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] does not prove that the job does not exist: the token may have no access.
    pub async fn job(&self, repository: &Repository, job: u64) -> Result<Job, GithubError> {
        self.located_job(repository, job).await.map(|(_, job)| job)
    }

    /// Reads a workflow job, and the present name of its repository, which may have been requested by a former one.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-jobs#get-a-job-for-a-workflow-run>
    ///
    /// # Errors
    /// [`GithubError::NotFound`] does not prove that the job does not exist: the token may have no access.
    pub async fn located_job(
        &self,
        repository: &Repository,
        job: u64,
    ) -> Result<(Repository, Job), GithubError> {
        let path = format!("repos/{repository}/actions/jobs/{job}");
        let JobBody { run_id: run, status, runner_name, labels, url, html_url } =
            JobBody::clone(&*self.get_cached("reading a workflow job", &path, &[]).await?);
        // A job without a runner has a null or empty runner name, whatever its runner id is
        // (https://github.com/actions/runner/issues/4684).
        let runner = runner_name.filter(|name| !name.is_empty());
        let present = present_name([url, html_url]).unwrap_or_else(|| repository.clone());
        Ok((present, Job { run, status, runner, labels }))
    }
}

/// Returns the repository in the URL of a job: `…/repos/OWNER/NAME/actions/…` of the API, or `…/OWNER/NAME/actions/…` of
/// the page.
pub(super) fn present_name(urls: [Option<String>; 2]) -> Option<Repository> {
    let [url, page] = urls.map(|url| {
        let url = Url::parse(&url?).ok()?;
        let segments: Vec<String> = url.path_segments()?.map(str::to_owned).collect();
        let name = segments.windows(4).find_map(|four| match four {
            [repos, owner, name, actions] if repos == "repos" && actions == "actions" => {
                Some(format!("{owner}/{name}"))
            }
            [owner, name, actions, runs] if actions == "actions" && runs == "runs" => {
                Some(format!("{owner}/{name}"))
            }
            _ => None,
        });
        Repository::try_from(name?).ok()
    });
    url.or(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_of_a_job_name_its_repository() {
        let found = |url: &str, page: &str| {
            let urls = [url, page].map(|url| Some(url.to_owned()));
            present_name(urls).map(|repository| repository.to_string())
        };
        let (api, page) = (
            "https://api.github.com/repos/octo/shop/actions/jobs/7",
            "https://github.com/octo/page/actions/runs/1/job/7",
        );
        assert_eq!(found(api, page).as_deref(), Some("octo/shop"));
        assert_eq!(found("", page).as_deref(), Some("octo/page"));
        let server = "https://git.corp/api/v3/repos/octo/shop/actions/jobs/7";
        assert_eq!(found(server, "").as_deref(), Some("octo/shop"));
        let actions = "https://api.github.com/repos/octo/actions/actions/jobs/7";
        assert_eq!(found(actions, "").as_deref(), Some("octo/actions"));
        assert_eq!(found("https://api.github.com/repositories/7/actions/jobs/7", "/x"), None);
    }
}
