//! Lists the repositories to which the credential has access.

use std::sync::Arc;

use serde::Deserialize;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;

/// Maximum number of pages; further repositories are ignored.
const MAX_PAGES: usize = 100;

/// A repository of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListedRepository {
    full_name: String,
    /// Whether it is private or internal.
    pub private: bool,
    archived: Option<bool>,
    disabled: Option<bool>,
}

impl ListedRepository {
    /// Returns its name, unless it is archived or disabled and so cannot have runs.
    pub fn usable(&self) -> Option<Repository> {
        let unusable = self.archived.unwrap_or(false) || self.disabled.unwrap_or(false);
        self.name().filter(|_| !unusable)
    }

    /// Returns its name.
    pub fn name(&self) -> Option<Repository> {
        Repository::try_from(self.full_name.as_str()).ok()
    }
}

#[derive(Clone, Deserialize)]
struct RepositoryBody {
    private: bool,
    full_name: Option<String>,
    #[serde(default)]
    owner: Option<OwnerBody>,
}

#[derive(Clone, Deserialize)]
struct OwnerBody {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Github {
    /// Returns whether a repository is public.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
    pub async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError> {
        let path = format!("repos/{repository}");
        let read = self.get_cached("reading a repository", &path, &[]).await;
        let body: Arc<RepositoryBody> = read.map_err(GithubError::hidden)?;
        Ok(!body.private)
    }

    /// Returns the present name of a repository.
    pub async fn present_name(
        &self,
        repository: &Repository,
    ) -> Result<Option<Repository>, GithubError> {
        let path = format!("repos/{repository}");
        let body: Arc<RepositoryBody> = self.get_cached("reading a repository", &path, &[]).await?;
        Ok(body.full_name.as_deref().and_then(|name| Repository::try_from(name).ok()))
    }

    /// Returns whether GitHub has redirected a request for a repository: it was renamed or transferred.
    pub fn was_redirected(&self, repository: &Repository) -> bool {
        self.redirected().contains(repository)
    }

    /// Returns whether a repository belongs to a person, who has no runners but those of the repository.
    pub async fn belongs_to_person(&self, repository: &Repository) -> Result<bool, GithubError> {
        let path = format!("repos/{repository}");
        let body: Arc<RepositoryBody> = self.get_cached("reading a repository", &path, &[]).await?;
        Ok(body.owner.as_ref().is_some_and(|owner| owner.kind.as_deref() == Some("User")))
    }

    /// Lists the repositories of an organization.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#list-organization-repositories>
    pub async fn repositories_of(
        &self,
        organization: &str,
    ) -> Result<Listed<ListedRepository>, GithubError> {
        let path = format!("orgs/{organization}/repos");
        self.repositories("listing the repositories of an organization", &path, None).await
    }

    /// Lists the repositories to which the personal access token has access, or the App's installation of this client.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user>
    /// <https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation>
    pub async fn own_repositories(&self) -> Result<Listed<ListedRepository>, GithubError> {
        if self.is_app() {
            let (call, path) =
                ("listing the repositories of an installation", "installation/repositories");
            return self.repositories(call, path, Some("repositories")).await;
        }
        self.repositories("listing the repositories of the token", "user/repos", None).await
    }

    async fn repositories(
        &self,
        call: &'static str,
        path: &str,
        field: Option<&'static str>,
    ) -> Result<Listed<ListedRepository>, GithubError> {
        self.list(&List { call, path, query: &[], field }, MAX_PAGES).await
    }
}
