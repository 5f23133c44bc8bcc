//! Runner groups: the repositories that an organization's or enterprise's runners may serve.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::repository::{Repository, Visibility};
use super::scope::Scope;

/// A runner group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Group {
    /// The id; 1 is the default group of every scope.
    #[serde(default)]
    pub id: u64,
    /// The name.
    pub name: String,
    /// The organization or enterprise that owns it.
    pub scope: Scope,
    /// Full names of the repositories that may use it; `None` means all.
    #[serde(default)]
    pub repositories: Option<BTreeSet<String>>,
    /// Whether public repositories may use it.
    #[serde(default)]
    pub allows_public_repositories: bool,
}

impl Group {
    /// The id of the default group, which every scope has.
    pub const DEFAULT: u64 = 1;

    /// Returns the default group of a scope.
    pub(crate) fn default_of(scope: &Scope) -> Self {
        Self {
            id: Self::DEFAULT,
            name: "Default".to_owned(),
            scope: scope.clone(),
            repositories: None,
            // A repository's own runners serve it regardless of its visibility.
            allows_public_repositories: matches!(scope, Scope::Repository(_)),
        }
    }

    /// Returns whether runners of this group may serve a repository.
    pub(crate) fn allows(&self, repository: &Repository) -> bool {
        let public = repository.visibility == Visibility::Public;
        (self.allows_public_repositories || !public)
            && self.repositories.as_ref().is_none_or(|names| {
                names.iter().any(|name| name.eq_ignore_ascii_case(&repository.full_name))
            })
    }
}
