//! Reads runner groups by name, with the repositories that have access.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::Deserialize;
use tracing::info;

use super::pages::List;
use super::{Github, GithubError, Listed};
use crate::repository::Repository;
use crate::runner_group::{Access, RunnerGroup};
use crate::scope::Scope;

/// How long a group is cached. It limits how long an operator waits after changing a group.
const GROUP_TTL: TimeDelta = TimeDelta::minutes(5);
/// The name of the group that every organization and enterprise has.
const DEFAULT_GROUP: &str = "Default";
/// Maximum number of pages: ten thousand groups, repositories or organizations.
const MAX_PAGES: usize = 100;
const LOOKUP: &str = "looking the runner group up by the name in setting RunnerGroup";
const LOOKUP_INHERITED: &str = "looking the runner group up by the name in setting RunnerGroup (the group of this name belongs to the enterprise: create one in the organization)";
const ACCESS: &str = "listing the repositories with access to the runner group";

#[derive(Clone, Deserialize)]
struct GroupBody {
    id: u64,
    name: String,
    default: Option<bool>,
    visibility: String,
    allows_public_repositories: bool,
    /// Whether it is a group of the enterprise, in which runners of the organization cannot register.
    #[serde(default)]
    inherited: bool,
    restricted_to_workflows: Option<bool>,
    selected_workflows: Option<Vec<String>>,
}

/// A group of which only the owner matters.
#[derive(Clone, Deserialize)]
struct OwnedGroup {
    id: u64,
    /// Absent on a server that has no enterprise.
    #[serde(default)]
    inherited: bool,
}

#[derive(Clone, Deserialize)]
struct RepositoryBody {
    full_name: Repository,
}

#[derive(Clone, Deserialize)]
struct OrganizationBody {
    login: String,
}

impl Github {
    /// Returns the runner group of this name for a repository's runners, or `None` at the level of a repository, which
    /// has no groups.
    pub async fn runner_group(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Option<Arc<RunnerGroup>>, GithubError> {
        if self.scope == Scope::Repository {
            return Ok(None);
        }
        let level = self.scope.api_path(repository);
        // The holder of the lock reads the group; other callers wait for it.
        let mut cached = self.groups().lock().await;
        let key = format!("{level} {}", name.to_ascii_lowercase());
        match cached.get(&key) {
            Some((at, group)) if *at + GROUP_TTL > self.now() => {
                return Ok(Some(Arc::clone(group)));
            }
            _ => {}
        }
        let group = Arc::new(self.look_up(&level, repository.owner(), name).await?);
        cached.insert(key, (self.now(), Arc::clone(&group)));
        Ok(Some(group))
    }

    /// Lists the ids of the groups that an organization inherits from its enterprise.
    ///
    /// <https://docs.github.com/en/rest/actions/self-hosted-runner-groups#list-self-hosted-runner-groups-for-an-organization>
    pub async fn inherited_groups(&self, organization: &str) -> Result<Listed<u64>, GithubError> {
        let path = format!("orgs/{organization}/actions/runner-groups");
        let call = "listing the runner groups of an organization";
        let list = List { call, path: &path, query: &[], field: Some("runner_groups") };
        let Listed { items, complete, unreadable, partial } =
            self.list::<OwnedGroup>(&list, MAX_PAGES).await?;
        let inherited = items.into_iter().filter(|group| group.inherited).map(|group| group.id);
        Ok(Listed { items: inherited.collect(), complete, unreadable, partial })
    }

    async fn look_up(
        &self,
        level: &str,
        owner: &str,
        name: &str,
    ) -> Result<RunnerGroup, GithubError> {
        let path = format!("{level}/actions/runner-groups");
        let list = List { call: LOOKUP, path: &path, query: &[], field: Some("runner_groups") };
        let is_it = |group: &GroupBody| {
            group.name.eq_ignore_ascii_case(name)
                || (group.default == Some(true) && name.eq_ignore_ascii_case(DEFAULT_GROUP))
        };
        let listed = self.list::<GroupBody>(&list, MAX_PAGES).await?;
        let all_known = is_whole(&listed, LOOKUP);
        let named = listed.items.into_iter().filter(is_it);
        let (inherited, own): (Vec<GroupBody>, Vec<GroupBody>) =
            named.partition(|group| group.inherited);
        let call = if inherited.is_empty() { LOOKUP } else { LOOKUP_INHERITED };
        let GroupBody {
            id,
            name,
            visibility,
            allows_public_repositories: public_repositories,
            restricted_to_workflows,
            selected_workflows,
            ..
        } = match own.into_iter().next() {
            Some(found) => found,
            None => {
                return Err(all_known
                    .err()
                    .unwrap_or(GithubError::NotFound { call, repository: None }));
            }
        };
        let access = match visibility.as_str() {
            "selected" => self.selected(&format!("{path}/{id}")).await?,
            // A group for private repositories admits any repository name as well.
            _ => self.all(owner),
        };
        let restricted_to_workflows = restricted_to_workflows.unwrap_or(false);
        info!(
            group = name,
            visibility, public_repositories, restricted_to_workflows, "read runner group {name}"
        );
        let workflows = restricted_to_workflows.then(|| selected_workflows.unwrap_or_default());
        Ok(RunnerGroup { id, name, access, public_repositories, workflows })
    }

    fn all(&self, owner: &str) -> Access {
        let enterprise = matches!(self.scope, Scope::Enterprise(_));
        Access::All((!enterprise).then(|| owner.to_owned()))
    }

    async fn selected(&self, group: &str) -> Result<Access, GithubError> {
        let field = match self.scope {
            Scope::Enterprise(_) => "organizations",
            Scope::Organization | Scope::Repository => "repositories",
        };
        let path = format!("{group}/{field}");
        let list = List { call: ACCESS, path: &path, query: &[], field: Some(field) };
        if field == "organizations" {
            let found = self.list::<OrganizationBody>(&list, MAX_PAGES).await?;
            is_whole(&found, ACCESS)?;
            let owners = found.items.into_iter().map(|one| one.login);
            return Ok(Access::Organizations(owners.collect()));
        }
        let found = self.list::<RepositoryBody>(&list, MAX_PAGES).await?;
        is_whole(&found, ACCESS)?;
        Ok(Access::Repositories(found.items.into_iter().map(|one| one.full_name).collect()))
    }
}

/// Returns an error if a list lacks items: what the group admits is then not known, and nothing may register in it.
fn is_whole<T>(listed: &Listed<T>, call: &'static str) -> Result<(), GithubError> {
    if listed.complete && listed.unreadable == 0 {
        return Ok(());
    }
    let fault = match listed.unreadable {
        0 => "the list has too many pages".to_owned(),
        count => format!("{count} items of the list cannot be read"),
    };
    Err(GithubError::Unavailable { call, fault })
}
