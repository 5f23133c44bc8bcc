//! Registered runners: those that are there, and the removal of one.

use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;

/// A runner group holds 10,000 runners at most.
const MOST_PAGES: usize = 100;

/// A registered runner of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRunner {
    /// GitHub's number of it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `online` or `offline`.
    pub status: String,
    /// Whether it has a job.
    pub busy: bool,
    /// Its version; empty until it has connected.
    #[serde(default)]
    pub version: Option<String>,
}

/// What became of a runner that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deregistration {
    /// It is registered no more.
    Removed,
    /// It has a job, and stays.
    Busy,
}

impl Github {
    /// Lists the runners that are registered where those of a repository's jobs are.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#list-self-hosted-runners-for-a-repository>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn runners(
        &self,
        repository: &Repository,
    ) -> Result<Listed<ListedRunner>, GithubError> {
        let path = self.runners_path(repository, "");
        let call = "listing the registered runners";
        let list = List { call, path: &path, query: &[], field: Some("runners") };
        self.list(&list, MOST_PAGES).await
    }

    /// Removes a runner, unless it has a job.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#delete-a-self-hosted-runner-from-a-repository>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn remove_runner(
        &self,
        repository: &Repository,
        runner: u64,
    ) -> Result<Deregistration, GithubError> {
        let path = self.runners_path(repository, &format!("/{runner}"));
        match self.delete("removing a runner", &path).await {
            Ok(()) | Err(GithubError::NotFound { .. }) => Ok(Deregistration::Removed),
            Err(GithubError::Unprocessable { .. }) => Ok(Deregistration::Busy),
            Err(err) => Err(err),
        }
    }
}
