//! Finds the repositories whose runs are looked at.
//!
//! Those that the setting names, those that tasks name, and where the setting has globs, or is absent, those
//! of the scope that the credential may see. No webhook is needed for any of them.

use std::collections::BTreeSet;

use super::look::Look;
use crate::github::ListedRepository;
use crate::repository::Repository;
use crate::scope::Scope;

/// Finds the repositories.
pub(super) async fn find(look: &Look<'_>, of_tasks: BTreeSet<Repository>) -> BTreeSet<Repository> {
    let policy = &look.rules.policy;
    let mut found = of_tasks;
    found.extend(policy.allowed.named());
    if policy.allowed.is_open() {
        let listed = discover(look, &found).await;
        let private = |one: &ListedRepository| one.private || policy.public_repositories;
        let usable = listed.iter().filter(|one| private(one)).filter_map(ListedRepository::usable);
        found.extend(usable);
    }
    found.retain(|repository| policy.allowed.allow(repository));
    found
}

async fn discover(look: &Look<'_>, known: &BTreeSet<Repository>) -> Vec<ListedRepository> {
    let allowed = &look.rules.policy.allowed;
    let mut owners = allowed.owners();
    owners.extend(known.iter().map(|repository| repository.owner().to_owned()));
    if look.app.scope == Scope::Repository || owners.is_empty() {
        let own = look.ask(look.github.own_repositories()).await;
        return own.map(|listed| listed.items).unwrap_or_default();
    }
    let mut found = Vec::new();
    for owner in owners {
        let listed = look.ask(look.github.repositories_of(&owner)).await;
        found.extend(listed.map(|listed| listed.items).unwrap_or_default());
    }
    look.booked(found.len());
    found
}
