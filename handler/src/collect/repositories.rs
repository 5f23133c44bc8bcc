//! Finds the repositories whose workflow runs are read.
//!
//! These are the repositories that the setting names, the repositories of tasks, and, if the setting has globs or is
//! absent, the repositories of the scope that the credential may see. None of them needs a webhook.

use std::collections::BTreeSet;

use super::collector::{Collector, Partial};
use crate::github::{ListedRepository, not_installed};
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
        if collector.github.is_app() {
            return of_installations(collector).await;
        }
        let own = collector.send(collector.github.own_repositories()).await;
        if let Some(own) = found.note(own) {
            found.value.extend(own.items);
            if !own.partial {
                collector.charge_pages(found.value.len());
                return found;
            }
        }
        // Single sign-on hides organizations from that list; their own lists say which.
    }
    for owner in owners {
        let listed = collector.send(collector.github.repositories_of(&owner)).await;
        let listed = found.note(listed).map(|listed| listed.items);
        found.value.extend(listed.unwrap_or_default());
    }
    collector.charge_pages(found.value.len());
    found
}

/// Lists the repositories of the App's installations. An account that has suspended or removed its installation hides
/// its own repositories only; accounts that are not served are not read.
async fn of_installations(collector: &Collector<'_>) -> Partial<Vec<ListedRepository>> {
    let mut found = Partial::complete(Vec::new());
    let installed = collector.send(collector.github.installed_accounts()).await;
    let Some(installed) = found.note(installed) else { return found };
    let owners = collector.rules.policy.allowed.owners();
    for owner in owners {
        let account = installed.iter().find(|one| one.login.eq_ignore_ascii_case(&owner));
        let listed = match account {
            Some(account) => collector.send(account.github.own_repositories()).await,
            None => collector.send(std::future::ready(Err(not_installed(&owner)))).await,
        };
        let listed = found.note(listed).map(|listed| listed.items);
        found.value.extend(listed.unwrap_or_default());
    }
    collector.charge_pages(found.value.len());
    found
}
