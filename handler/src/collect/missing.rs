//! Judges the repositories that GitHub does not show: they were deleted, or the credential has no access to them.
//!
//! A repository that the settings name in full is reported. The jobs of tasks count as absent with their repository while
//! GitHub shows this credential something private of the same owner: the access to the owner is not lost.

use std::collections::BTreeSet;

use super::collector::{Collector, Partial};
use super::ledger::Ledger;
use super::unfinished_runs::{ListedRuns, hidden};
use crate::ordered::InsertEach;
use crate::reconcile::snapshot::{Level, Runners};
use crate::repository::Repository;
use crate::scope::Scope;

/// Returns the repositories of tasks that GitHub certainly does not have now. The result is complete if nothing depends
/// on a repository that is not shown.
pub(super) async fn judge(
    collector: &Collector<'_>,
    ledger: &Ledger,
    listed: &ListedRuns,
    discovered: &BTreeSet<Repository>,
    runners: &Runners,
) -> Partial<BTreeSet<Repository>> {
    let named = collector.rules.policy.allowed.named();
    let live: BTreeSet<&Repository> = ledger
        .tasks
        .iter()
        .filter(|task| task.is_live())
        .map(|task| &task.repository)
        .insert_each();
    let mut absent = Partial::complete(BTreeSet::new());
    for repository in &listed.missing {
        // Lists of GitHub that contradict each other prove nothing.
        let is_listed = discovered.contains(repository);
        if is_listed || named.contains(repository) {
            collector.refuse(&hidden(repository));
            absent.complete = false;
        }
        if live.contains(repository) {
            absent.complete = false;
        }
        if !is_listed && shows_others_of_owner(collector, listed, runners, repository).await {
            absent.value.insert(repository.clone());
        }
    }
    absent
}

/// Returns whether GitHub shows this credential something private of the owner of a repository.
async fn shows_others_of_owner(
    collector: &Collector<'_>,
    listed: &ListedRuns,
    runners: &Runners,
    missing: &Repository,
) -> bool {
    if runners.read.contains(&Level::of(&Scope::Organization, missing)) {
        return true;
    }
    let of_owner =
        |one: &&Repository| one.owner().eq_ignore_ascii_case(missing.owner()) && *one != missing;
    for other in listed.readable.iter().filter(of_owner) {
        if collector.send(collector.github.is_public(other)).await == Ok(false) {
            return true;
        }
    }
    false
}
