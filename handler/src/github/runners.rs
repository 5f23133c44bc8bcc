//! Lists and removes registered runners.

use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;

/// A runner group has at most 10,000 runners.
const MAX_PAGES: usize = 100;

/// A registered runner of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRunner {
    /// Its id.
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

/// The outcome of removing a runner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deregistration {
    /// It is no longer registered.
    Removed,
    /// It has a job, and remains registered.
    Busy,
}

impl Github {
    /// Lists the runners at the level where a repository's runners are registered.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#list-self-hosted-runners-for-a-repository>
    pub async fn runners(
        &self,
        repository: &Repository,
    ) -> Result<Listed<ListedRunner>, GithubError> {
        let path = self.runners_path(repository, "");
        let call = "listing the registered runners";
        let list = List { call, path: &path, query: &[], field: Some("runners") };
        self.list(&list, MAX_PAGES).await
    }

    /// Removes a runner, unless it has a job.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runners#delete-a-self-hosted-runner-from-a-repository>
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
