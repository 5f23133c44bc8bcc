//! Scopes: the repository, organization or enterprise that owns a runner, a token, a group or a webhook.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::repository::Repository;

/// The owner of a runner, a token, a group or a webhook.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One repository, by its full name (`octo/app`).
    Repository(String),
    /// All repositories of an organization.
    Organization(String),
    /// All repositories of an enterprise's organizations, by its slug.
    Enterprise(String),
}

impl Scope {
    /// Parses the path of a web URL, as passed to a runner's `--url`.
    pub(crate) fn from_web_path(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments[..] {
            ["enterprises", slug] => Some(Self::Enterprise(slug.to_owned())),
            [owner, name] => Some(Self::Repository(format!("{owner}/{name}"))),
            [name] => Some(Self::Organization(name.to_owned())),
            _ => None,
        }
    }

    /// Returns whether a repository is within this scope.
    pub(crate) fn covers(&self, repository: &Repository) -> bool {
        match self {
            Self::Repository(name) => *name == repository.full_name,
            Self::Organization(name) => repository.organization && name == repository.owner(),
            Self::Enterprise(_) => repository.organization,
        }
    }

    /// Returns the prefix of API paths of this scope.
    pub(crate) fn api_path(&self) -> String {
        match self {
            Self::Repository(name) => format!("repos/{name}"),
            Self::Organization(name) => format!("orgs/{name}"),
            Self::Enterprise(slug) => format!("enterprises/{slug}"),
        }
    }

    /// Returns the path of the web page.
    pub(crate) fn web_path(&self) -> String {
        match self {
            Self::Repository(name) | Self::Organization(name) => name.clone(),
            Self::Enterprise(slug) => format!("enterprises/{slug}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.web_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(web_path: &str, api_path: Option<&str>) {
        let scope = Scope::from_web_path(web_path);
        assert_eq!(scope.map(|scope| scope.api_path()).as_deref(), api_path);
    }

    #[test]
    fn a_runner_url_names_its_scope() {
        check("/octo/app", Some("repos/octo/app"));
        check("/octo/", Some("orgs/octo"));
        check("/enterprises/acme", Some("enterprises/acme"));
        check("/", None);
        check("/octo/app/settings", None);
    }
}
