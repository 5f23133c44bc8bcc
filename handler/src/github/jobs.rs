//! Reads workflow jobs.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::{Github, GithubError};
use crate::assignment::Job;
use crate::repository::Repository;

#[derive(Clone, Deserialize)]
struct JobBody {
    run_id: u64,
    status: String,
    runner_name: Option<String>,
    labels: Vec<String>,
    #[serde(default, deserialize_with = "repository_in_url")]
    url: Option<Repository>,
    #[serde(default, deserialize_with = "repository_in_url")]
    html_url: Option<Repository>,
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
        let present = url.or(html_url).unwrap_or_else(|| repository.clone());
        Ok((present, Job { run, status, runner, labels }))
    }
}

/// Reads the URL of a job, of which only the repository matters.
pub(super) fn repository_in_url<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Repository>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let url = Option::<Text<'de>>::deserialize(from)?;
    Ok(url.and_then(|Text(url)| repository_in(&url)))
}

/// Returns the repository in the URL of a job: `…/repos/OWNER/NAME/actions/…` of the API, or `…/OWNER/NAME/actions/…` of
/// the page.
///
/// Rejected: the parser of crate `url`. Each of thousands of jobs has two URLs, and it took a seventh of the processor time
/// of a run.
fn repository_in(url: &str) -> Option<Repository> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split(['?', '#']).next()?.split_once('/')?;
    let segments: Vec<&str> = path.split('/').collect();
    let (owner, name) = segments.windows(4).find_map(|four| match four {
        ["repos", owner, name, "actions"] => Some((owner, name)),
        [owner, name, "actions", "runs"] => Some((owner, name)),
        _ => None,
    })?;
    Repository::try_from(format!("{owner}/{name}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_of_a_job_name_its_repository() {
        let found = |url: &str, page: &str| {
            let found = repository_in(url).or_else(|| repository_in(page));
            found.map(|repository| repository.to_string())
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
