//! Lists and removes registered runners.

use serde::Deserialize;
use serde_json::Value;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;

/// A runner group has at most 10,000 runners.
const MAX_PAGES: usize = 100;

/// The operation that lists runners.
pub const LIST_RUNNERS: &str = "listing the registered runners";

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
    /// Whether it deregisters after one job; `None` if GitHub does not say so, as an older GitHub Enterprise Server.
    #[serde(default)]
    pub ephemeral: Option<bool>,
    /// The id of its runner group; `None` in a repository.
    #[serde(default)]
    pub runner_group_id: Option<u64>,
    /// Objects with a `name`. A fault in one of them must not hide the runner.
    #[serde(default)]
    labels: Value,
}

impl ListedRunner {
    /// Lists its labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.as_array().into_iter().flatten().filter_map(|label| label["name"].as_str())
    }

    /// Returns whether all of its labels can be read.
    pub fn has_readable_labels(&self) -> bool {
        let labels = self.labels.as_array();
        labels.is_some_and(|labels| labels.iter().all(|label| label["name"].is_string()))
    }
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
        self.runners_of(&self.scope.api_path(repository)).await
    }

    /// Lists the runners of a level, such as `orgs/octo`.
    pub async fn runners_of(&self, level: &str) -> Result<Listed<ListedRunner>, GithubError> {
        let path = format!("{level}/actions/runners");
        let list = List { call: LIST_RUNNERS, path: &path, query: &[], field: Some("runners") };
        self.list(&list, MAX_PAGES).await
    }

    /// Lists the runners of a group of an organization, which may be inherited from its enterprise.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runner-groups#list-self-hosted-runners-in-a-group-for-an-organization>
    pub async fn runners_of_group(
        &self,
        organization: &str,
        group: u64,
    ) -> Result<Listed<ListedRunner>, GithubError> {
        let path = format!("orgs/{organization}/actions/runner-groups/{group}/runners");
        let call = "listing the runners of a group";
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
