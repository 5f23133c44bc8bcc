//! Names what a runner, a token or a hook belongs to: a repository, an organization or an enterprise.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::repository::Repository;

/// What a runner, a token, a group or a hook belongs to.
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

/// Tells the three kinds of scope apart, as the names of the API's operations do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// A repository.
    Repo,
    /// An organization.
    Org,
    /// An enterprise.
    Enterprise,
}

impl Scope {
    /// Reads the scope that the first segments of an API path name.
    pub(super) fn of_api_path(segments: &[&str]) -> Option<Self> {
        match segments {
            ["repos", owner, name] => Some(Self::Repository(format!("{owner}/{name}"))),
            ["orgs", name] => Some(Self::Organization((*name).to_owned())),
            ["enterprises", slug] => Some(Self::Enterprise((*slug).to_owned())),
            _ => None,
        }
    }

    /// Reads the scope that a web address names, as a runner is configured with one.
    pub(super) fn of_web_path(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments[..] {
            ["enterprises", slug] => Some(Self::Enterprise(slug.to_owned())),
            [owner, name] => Some(Self::Repository(format!("{owner}/{name}"))),
            [name] => Some(Self::Organization(name.to_owned())),
            _ => None,
        }
    }

    /// Tells the kind of scope.
    pub fn level(&self) -> Level {
        match self {
            Self::Repository(_) => Level::Repo,
            Self::Organization(_) => Level::Org,
            Self::Enterprise(_) => Level::Enterprise,
        }
    }

    /// Tells whether a repository lies within this scope.
    pub(super) fn covers(&self, repository: &Repository) -> bool {
        match self {
            Self::Repository(name) => *name == repository.full_name,
            Self::Organization(name) => repository.organization && name == repository.owner(),
            Self::Enterprise(_) => repository.organization,
        }
    }

    /// Writes the scope as the first segments of an API path.
    pub(super) fn api_path(&self) -> String {
        match self {
            Self::Repository(name) => format!("repos/{name}"),
            Self::Organization(name) => format!("orgs/{name}"),
            Self::Enterprise(slug) => format!("enterprises/{slug}"),
        }
    }

    /// Writes the scope as the path of its web page.
    pub(super) fn web_path(&self) -> String {
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
        let scope = Scope::of_web_path(web_path);
        assert_eq!(scope.map(|scope| scope.api_path()).as_deref(), api_path);
    }

    #[test]
    fn a_runners_address_names_its_scope() {
        check("/octo/app", Some("repos/octo/app"));
        check("/octo/", Some("orgs/octo"));
        check("/enterprises/acme", Some("enterprises/acme"));
        check("/", None);
        check("/octo/app/settings", None);
    }
}
