//! The repositories that the credential may see.

use std::sync::Arc;

use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;

/// More repositories than these are not looked through by themselves.
const MOST_PAGES: usize = 100;

/// A repository of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRepository {
    full_name: String,
    /// Whether only those may see it who were given access.
    pub private: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    disabled: bool,
}

impl ListedRepository {
    /// Tells its name, where it can have runs at all.
    pub fn usable(&self) -> Option<Repository> {
        let name = Repository::try_from(self.full_name.as_str()).ok()?;
        (!self.archived && !self.disabled).then_some(name)
    }
}

#[derive(Clone, Deserialize)]
struct RepositoryBody {
    private: bool,
}

impl Github {
    /// Tells whether everybody may see a repository.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError> {
        let path = format!("repos/{repository}");
        let known: Arc<RepositoryBody> = self.get_known("reading a repository", &path, &[]).await?;
        Ok(!known.private)
    }

    /// Lists the repositories of an organization.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#list-organization-repositories>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn repositories_of(
        &self,
        organization: &str,
    ) -> Result<Listed<ListedRepository>, GithubError> {
        let path = format!("orgs/{organization}/repos");
        self.repositories("listing the repositories of an organization", &path, None).await
    }

    /// Lists the repositories that a personal access token opens, or all installations of an App together.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user>
    /// <https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn own_repositories(&self) -> Result<Listed<ListedRepository>, GithubError> {
        if !self.is_app() {
            return self
                .repositories("listing the repositories of the token", "user/repos", None)
                .await;
        }
        let mut all = Listed { items: Vec::new(), complete: true };
        for one in self.of_each_account().await? {
            let (call, path) =
                ("listing the repositories of an installation", "installation/repositories");
            let listed = one.repositories(call, path, Some("repositories")).await?;
            all.items.extend(listed.items);
            all.complete &= listed.complete;
        }
        Ok(all)
    }

    async fn repositories(
        &self,
        call: &'static str,
        path: &str,
        field: Option<&'static str>,
    ) -> Result<Listed<ListedRepository>, GithubError> {
        self.list(&List { call, path, query: &[], field }, MOST_PAGES).await
    }
}
