//! Repositories, scopes and runner groups.

use chrono::{DateTime, Utc};

use super::{State, next};
use crate::model::group::Group;
use crate::model::repository::{Repository, Visibility};
use crate::model::scope::Scope;

/// The prefix of a repository's id in place of its name; no owner has this name.
pub(crate) const BY_ID: &str = "-/";

impl State {
    /// Finds a repository by its full name, case-insensitively, by a former name, or by its id (`-/ID`).
    pub(crate) fn repository(&self, full_name: &str) -> Option<&Repository> {
        let name = full_name.to_ascii_lowercase();
        let by_id = || {
            let id = name.strip_prefix(BY_ID).and_then(|id| id.parse().ok());
            let id = id.or(self.moved.get(&name).copied())?;
            self.repositories.values().find(|known| known.id == id)
        };
        self.repositories.get(&name).or_else(by_id)
    }

    /// Adds a repository unless it exists, and returns its name as first spelt.
    pub(crate) fn add_repository(
        &mut self,
        full_name: &str,
        visibility: Visibility,
        now: DateTime<Utc>,
    ) -> String {
        if let Some(known) = self.repositories.get(&full_name.to_ascii_lowercase()) {
            return known.full_name.clone();
        }
        let owner = full_name.split('/').next().unwrap_or_default();
        let owner_id = self.owner_id(owner);
        let repository = Repository {
            id: next(&mut self.ids.repository),
            full_name: full_name.to_owned(),
            owner_id,
            organization: !self.is_person(owner),
            visibility,
            created_at: now,
        };
        self.repositories.insert(full_name.to_ascii_lowercase(), repository);
        full_name.to_owned()
    }

    /// Returns the id of an owner, which is new if it has no repository yet.
    pub(super) fn owner_id(&mut self, owner: &str) -> u64 {
        let same_owner = |known: &&Repository| known.owner().eq_ignore_ascii_case(owner);
        match self.repositories.values().find(same_owner) {
            Some(known) => known.owner_id,
            None => next(&mut self.ids.owner),
        }
    }

    pub(super) fn is_person(&self, owner: &str) -> bool {
        self.options.personal_accounts.iter().any(|one| one.eq_ignore_ascii_case(owner))
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
                let known = self.repositories.values().find(owned).map(Repository::owner);
                let former = || self.organizations.iter().map(String::as_str);
                let former = || former().find(|former| former.eq_ignore_ascii_case(name));
                Some(Scope::Organization(known.or_else(former)?.to_owned()))
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

    /// Lists the runner groups of a scope: inherited ones, the default group, and its own ones.
    pub(crate) fn groups_of(&self, scope: &Scope) -> Vec<Group> {
        let all = self.groups.iter().filter(|group| group.scope == *scope).cloned();
        let (mut groups, own): (Vec<Group>, Vec<Group>) =
            all.partition(|group| self.inherited_groups.contains(&group.id));
        groups.push(Group::default_of(scope));
        groups.extend(own);
        groups
    }

    /// Finds a runner group of a scope.
    pub(crate) fn group(&self, scope: &Scope, id: u64) -> Option<Group> {
        self.groups_of(scope).into_iter().find(|group| group.id == id)
    }
}
