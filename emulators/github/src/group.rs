//! Describes runner groups: which repositories an organization's or an enterprise's runners serve.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::repository::{Repository, Visibility};
use super::scope::Scope;

/// A runner group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Group {
    /// Its number; the default group of every scope is 1.
    #[serde(default)]
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The organization or enterprise that has it.
    pub scope: Scope,
    /// The full names of the repositories that may use it; none: all.
    #[serde(default)]
    pub repositories: Option<BTreeSet<String>>,
    /// Whether public repositories may use it.
    #[serde(default)]
    pub allows_public_repositories: bool,
}

impl Group {
    /// The number of the group that every scope has.
    pub const DEFAULT: u64 = 1;

    /// Makes the group that every scope has.
    pub(super) fn default_of(scope: &Scope) -> Self {
        Self {
            id: Self::DEFAULT,
            name: "Default".to_owned(),
            scope: scope.clone(),
            repositories: None,
            // A repository's own runners serve it whatever its visibility.
            allows_public_repositories: matches!(scope, Scope::Repository(_)),
        }
    }

    /// Tells whether runners of this group may serve a repository.
    pub(super) fn admits(&self, repository: &Repository) -> bool {
        let public = repository.visibility == Visibility::Public;
        (self.allows_public_repositories || !public)
            && self.repositories.as_ref().is_none_or(|names| names.contains(&repository.full_name))
    }
}
