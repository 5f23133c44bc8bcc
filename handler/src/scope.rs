//! The level of GitHub at which runners are registered.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::repository::Repository;

/// The level at which runners are registered, which determines the jobs that GitHub can assign to them.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// The job's own repository.
    Repository,
    /// The organization that owns the repository.
    Organization,
    /// The enterprise of this name.
    Enterprise(String),
}

impl Scope {
    /// Returns the API path below which runners of a repository's jobs are registered, such as `repos/octo/app`.
    pub fn api_path(&self, repository: &Repository) -> String {
        match self {
            Self::Repository => format!("repos/{repository}"),
            Self::Organization => format!("orgs/{}", repository.owner()),
            Self::Enterprise(enterprise) => format!("enterprises/{enterprise}"),
        }
    }

    /// Returns whether a runner for the jobs of one repository can be assigned the jobs of the other one.
    pub fn covers_both(&self, one: &Repository, other: &Repository) -> bool {
        self.api_path(one).eq_ignore_ascii_case(&self.api_path(other))
    }

    /// Returns the web page where a runner of a repository's jobs registers.
    pub fn runner_url(&self, web: &Url, repository: &Repository) -> String {
        let base = web.as_str().trim_end_matches('/');
        match self {
            Self::Repository => format!("{base}/{repository}"),
            Self::Organization => format!("{base}/{}", repository.owner()),
            Self::Enterprise(enterprise) => format!("{base}/enterprises/{enterprise}"),
        }
    }
}

/// What precedes the organization in the name of a level whose runners it inherits.
const INHERITED_BY: &str = "the enterprise of orgs/";

/// A level of GitHub at which runners are registered: its API path in lower case, such as `orgs/octo`. The enterprise of an
/// organization has no path that the credential is known to read: its level is `the enterprise of orgs/octo`.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Level(String);

impl Level {
    /// Returns the level at which this deployment registers the runners of a repository's jobs.
    pub fn of(scope: &Scope, repository: &Repository) -> Self {
        Self(scope.api_path(repository).to_ascii_lowercase())
    }

    /// Lists the levels whose runners GitHub can give a job of a repository, as far as they are known.
    pub fn serving(scope: &Scope, repository: &Repository) -> BTreeSet<Self> {
        let of = |scope| Self::of(scope, repository);
        let mut levels: BTreeSet<Self> =
            [&Scope::Repository, &Scope::Organization, scope].map(of).into();
        // The list of an enterprise has the runners that its organizations inherit.
        if !matches!(scope, Scope::Enterprise(_)) {
            levels.insert(Self::inherited(repository));
        }
        levels
    }

    /// Returns the level of the enterprise's runners that the organization of a repository inherits.
    pub fn inherited(repository: &Repository) -> Self {
        Self(format!("{INHERITED_BY}{}", repository.owner().to_ascii_lowercase()))
    }

    /// Returns the organization that inherits the runners of this level from its enterprise; `None` of any other level.
    pub fn inheriting_organization(&self) -> Option<&str> {
        self.0.strip_prefix(INHERITED_BY)
    }

    /// Reads a recorded level; `None` if it is not one.
    pub fn recorded(path: &str) -> Option<Self> {
        let (kind, name) = path.split_once('/')?;
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        let known = match kind {
            "repos" => Repository::try_from(name).is_ok(),
            "orgs" | "enterprises" => is_name(name),
            _ => false,
        };
        known.then(|| Self(path.to_ascii_lowercase()))
    }

    /// Returns whether it is that of an organization, or of a person, who has none.
    pub fn is_organization(&self) -> bool {
        self.0.starts_with("orgs/")
    }

    /// Returns the API path.
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Derives GitHub's web URL from the URL of its API.
///
/// `https://api.github.com` → `https://github.com`, `https://api.octo.ghe.com` → `https://octo.ghe.com`
/// (GHE.com), `https://git.corp/api/v3` → `https://git.corp` (GHES); any other URL is used for both.
pub fn web_url(api: &Url) -> Url {
    let mut web = api.clone();
    let host = api.host_str().unwrap_or_default();
    let bare = host
        .strip_prefix("api.")
        .filter(|bare| *bare == "github.com" || bare.ends_with(".ghe.com"));
    if let Some(bare) = bare {
        // The rest of a valid host name after a dot is valid.
        let _ = web.set_host(Some(bare));
    }
    let path = api.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
    web.set_path(&path);
    web
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(api: &str, scope: &Scope, expect: &str) {
        let repository = Repository::try_from("octo/app").expect("a name");
        let web = web_url(&api.parse().expect("a URL"));
        let paths =
            format!("{} {}", scope.api_path(&repository), scope.runner_url(&web, &repository));
        assert_eq!(paths, expect);
    }

    #[test]
    fn each_scope_has_its_paths_on_each_kind_of_github() {
        let enterprise = Scope::Enterprise("corp".to_owned());
        check(
            "https://api.github.com",
            &Scope::Repository,
            "repos/octo/app https://github.com/octo/app",
        );
        check(
            "https://api.octo.ghe.com/",
            &Scope::Organization,
            "orgs/octo https://octo.ghe.com/octo",
        );
        check(
            "https://git.corp/api/v3",
            &enterprise,
            "enterprises/corp https://git.corp/enterprises/corp",
        );
        check(
            "http://127.0.0.1:8080",
            &Scope::Organization,
            "orgs/octo http://127.0.0.1:8080/octo",
        );
    }
}
