//! Finds the repositories whose workflow runs are read.
//!
//! These are the repositories that the setting names, the repositories of tasks, and, if the setting has globs or is
//! absent, the repositories of the scope that the credential may see. None of them needs a webhook.

use std::collections::BTreeSet;

use super::collector::{Collector, Partial, Unread};
use crate::github::{Listed, ListedRepository, not_installed};
use crate::repository::Repository;
use crate::scope::Scope;

/// The repositories whose workflow runs are read.
#[derive(Default)]
pub(super) struct Repositories {
    pub(super) all: BTreeSet<Repository>,
    /// Those that a list of GitHub contains.
    pub(super) discovered: BTreeSet<Repository>,
}

/// Finds the repositories.
pub(super) async fn find(
    collector: &Collector<'_>,
    of_tasks: BTreeSet<Repository>,
) -> Partial<Repositories> {
    let policy = &collector.rules.policy;
    let mut found =
        Partial::complete(Repositories { all: of_tasks, discovered: BTreeSet::default() });
    found.value.all.extend(policy.allowed.named());
    if policy.allowed.is_open() {
        let discovered = discover(collector, &found.value.all).await;
        let private = |one: &&ListedRepository| one.private || policy.public_repositories;
        let usable = discovered.value.iter().filter(private).filter_map(ListedRepository::usable);
        found.value.all.extend(usable);
        found.value.discovered.extend(discovered.value.iter().filter_map(ListedRepository::name));
        found.complete = discovered.complete;
    }
    found.value.all.retain(|repository| policy.allowed.allow(repository));
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
            found.complete &= is_whole(&own);
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
        add(&mut found, listed);
    }
    collector.charge_pages(found.value.len());
    found
}

fn add(
    found: &mut Partial<Vec<ListedRepository>>,
    listed: Result<Listed<ListedRepository>, Unread>,
) {
    let Some(listed) = found.note(listed) else { return };
    found.complete &= is_whole(&listed);
    found.value.extend(listed.items);
}

fn is_whole(listed: &Listed<ListedRepository>) -> bool {
    listed.complete && listed.unreadable == 0
}

/// Lists the repositories of the App's installations. An account that has suspended or removed its installation hides
/// its own repositories only; accounts that are not served are not read.
async fn of_installations(collector: &Collector<'_>) -> Partial<Vec<ListedRepository>> {
    let mut found = Partial::complete(Vec::new());
    let installed = collector.send(collector.github.installed_accounts()).await;
    let Some(installed) = found.note(installed) else { return found };
    let all_known = installed.complete && installed.unreadable == 0;
    found.complete &= all_known;
    let owners = collector.rules.policy.allowed.owners();
    for owner in owners {
        let account = installed.items.iter().find(|one| one.login.eq_ignore_ascii_case(&owner));
        let listed = match account {
            Some(account) => collector.send(account.github.own_repositories()).await,
            // The installation may be the one that could not be read.
            None if !all_known => Err(Unread::NotReached),
            None => Err(collector.refuse(&not_installed(&owner))),
        };
        add(&mut found, listed);
    }
    collector.charge_pages(found.value.len());
    found
}
