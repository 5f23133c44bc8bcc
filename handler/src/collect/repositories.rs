//! Finds the repositories whose workflow runs are read.
//!
//! These are the repositories that the setting names, the repositories of tasks, and, if the setting has globs or is
//! absent, the repositories of the scope that the credential may see. None of them needs a webhook.

use std::collections::BTreeSet;

use super::collector::{Collector, Partial};
use crate::github::ListedRepository;
use crate::repository::Repository;
use crate::scope::Scope;

/// Finds the repositories.
pub(super) async fn find(
    collector: &Collector<'_>,
    of_tasks: BTreeSet<Repository>,
) -> Partial<BTreeSet<Repository>> {
    let policy = &collector.rules.policy;
    let mut found = Partial::complete(of_tasks);
    found.value.extend(policy.allowed.named());
    if policy.allowed.is_open() {
        let discovered = discover(collector, &found.value).await;
        let private = |one: &&ListedRepository| one.private || policy.public_repositories;
        let usable = discovered.value.iter().filter(private).filter_map(ListedRepository::usable);
        found.value.extend(usable);
        found.complete = discovered.complete;
    }
    found.value.retain(|repository| policy.allowed.allow(repository));
    found
}

async fn discover(
    collector: &Collector<'_>,
    known: &BTreeSet<Repository>,
) -> Partial<Vec<ListedRepository>> {
    let mut found = Partial::complete(Vec::new());
    let allowed = &collector.rules.policy.allowed;
    let mut owners = allowed.owners();
    owners.extend(known.iter().map(|repository| repository.owner().to_owned()));
    if collector.app.scope == Scope::Repository || owners.is_empty() {
        let own = collector.send(collector.github.own_repositories()).await;
        found.value = found.note(own).map(|listed| listed.items).unwrap_or_default();
        return found;
    }
    for owner in owners {
        let listed = collector.send(collector.github.repositories_of(&owner)).await;
        let listed = found.note(listed).map(|listed| listed.items);
        found.value.extend(listed.unwrap_or_default());
    }
    collector.charge_pages(found.value.len());
    found
}
