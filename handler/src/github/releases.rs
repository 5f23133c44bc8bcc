//! Releases of GitHub's runner.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError};

/// A release of GitHub's runner.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRelease {
    /// Its version with the prefix `v`.
    pub tag_name: String,
    /// When it was published; `None` for a draft.
    pub published_at: Option<DateTime<Utc>>,
    /// Whether it is a prerelease.
    pub prerelease: bool,
}

impl Github {
    /// Lists the latest releases of the runner. GitHub Enterprise Server may have none.
    ///
    /// <https://docs.github.com/en/rest/releases/releases#list-releases>
    pub async fn runner_releases(&self) -> Result<Vec<ListedRelease>, GithubError> {
        let call = "listing the releases of GitHub's runner";
        let list = List { call, path: "repos/actions/runner/releases", query: &[], field: None };
        Ok(self.page(&list, None).await?.items.clone())
    }
}
