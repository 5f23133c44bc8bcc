//! Repositories, scopes and runner groups.

use chrono::{DateTime, Utc};

use super::{State, next};
use crate::model::group::Group;
use crate::model::repository::{Repository, Visibility};
use crate::model::scope::Scope;

impl State {
    /// Finds a repository by its full name, case-insensitively.
    pub(crate) fn repository(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.get(&full_name.to_ascii_lowercase())
    }

    /// Adds a repository unless it exists, and returns its name as first spelt.
    pub(crate) fn add_repository(
        &mut self,
        full_name: &str,
        visibility: Visibility,
        now: DateTime<Utc>,
    ) -> String {
        if let Some(known) = self.repository(full_name) {
            return known.full_name.clone();
        }
        let owner = full_name.split('/').next().unwrap_or_default();
        let same_owner = |known: &&Repository| known.owner().eq_ignore_ascii_case(owner);
        let owner_id = match self.repositories.values().find(same_owner) {
            Some(known) => known.owner_id,
            None => next(&mut self.ids.owner),
        };
        let repository = Repository {
            id: next(&mut self.ids.repository),
            full_name: full_name.to_owned(),
            owner_id,
            organization: !self.options.personal_accounts.contains(owner),
            visibility,
            created_at: now,
        };
        self.repositories.insert(full_name.to_ascii_lowercase(), repository);
        full_name.to_owned()
    }

    /// Finds a scope and returns it in GitHub's spelling; `None` if it does not exist.
    pub(crate) fn find_scope(&self, scope: &Scope) -> Option<Scope> {
        match scope {
            Scope::Repository(name) => {
                Some(Scope::Repository(self.repository(name)?.full_name.clone()))
            }
            Scope::Organization(name) => {
                let owned = |known: &&Repository| {
                    known.organization && known.owner().eq_ignore_ascii_case(name)
                };
                let known = self.repositories.values().find(owned)?;
                Some(Scope::Organization(known.owner().to_owned()))
            }
            Scope::Enterprise(slug) => {
                let known = self.options.enterprise.as_ref()?;
                known.eq_ignore_ascii_case(slug).then(|| Scope::Enterprise(known.clone()))
            }
        }
    }

    /// Adds a runner group to an organization or an enterprise, and returns its id.
    pub(crate) fn add_group(&mut self, mut group: Group) -> u64 {
        group.id = next(&mut self.ids.group);
        self.groups.push(group);
        self.ids.group
    }

    /// Lists the runner groups of a scope, the default group first.
    pub(crate) fn groups_of(&self, scope: &Scope) -> Vec<Group> {
        let own = self.groups.iter().filter(|group| group.scope == *scope).cloned();
        std::iter::once(Group::default_of(scope)).chain(own).collect()
    }

    /// Finds a runner group of a scope.
    pub(crate) fn group(&self, scope: &Scope, id: u64) -> Option<Group> {
        self.groups_of(scope).into_iter().find(|group| group.id == id)
    }
}
