//! Releases of GitHub's runner.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError};

/// A release of GitHub's runner.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRelease {
    /// Its version, behind a `v`.
    pub tag_name: String,
    /// When it came out; nothing for a draft.
    pub published_at: Option<DateTime<Utc>>,
    /// Whether it is for those who try what is new.
    pub prerelease: bool,
}

impl Github {
    /// Lists the latest releases of the runner. An Enterprise Server may have none.
    ///
    /// <https://docs.github.com/en/rest/releases/releases#list-releases>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn runner_releases(&self) -> Result<Vec<ListedRelease>, GithubError> {
        let call = "listing the releases of GitHub's runner";
        let list = List { call, path: "repos/actions/runner/releases", query: &[], field: None };
        Ok(self.page(&list, None).await?.items.clone())
    }
}
