//! Lists the runs that have not ended, under the present names of their repositories.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use futures::{FutureExt, StreamExt, stream};

use super::collector::{Collector, MAX_CONCURRENT_REQUESTS, Partial, Unread};
use crate::github::{GithubError, LIST_RUNS, ListedRun};
use crate::polling::STATUSES;
use crate::reconcile::snapshot::UnfinishedRuns;
use crate::repository::Repository;
use crate::scope::Scope;

/// The runs that have not ended, as far as they were listed.
#[derive(Default)]
pub(super) struct ListedRuns {
    /// The runs, each with the present name of its repository.
    pub(super) runs: BTreeSet<(Repository, u64)>,
    /// The repositories whose runs GitHub shows, by the names by which they were requested.
    pub(super) readable: BTreeSet<Repository>,
    /// The repositories that GitHub does not show.
    pub(super) missing: BTreeSet<Repository>,
    /// The public repositories, unless the settings allow them.
    pub(super) public: BTreeSet<Repository>,
    pub(super) facts: UnfinishedRuns,
    /// The last repository that was listed before one that was not reached; `None` if all were.
    pub(super) last: Option<Repository>,
}

/// The runs of one repository.
#[derive(Default)]
struct RunsOfRepository {
    runs: Vec<(Repository, ListedRun)>,
    public: BTreeSet<Repository>,
    /// Whether an item could not be read, or a page was not.
    incomplete: bool,
    /// Whether GitHub does not show the repository.
    missing: bool,
}

/// Lists the runs that have not ended.
pub(super) async fn list(
    collector: &Collector<'_>,
    repositories: Vec<Repository>,
) -> Partial<ListedRuns> {
    let (mut all, mut reached) = (Partial::complete(ListedRuns::default()), true);
    all.value.facts.polled = of_one_token(collector, &repositories);
    let mut lists = stream::iter(repositories)
        .map(async |repository| {
            let listed = list_of(collector, &repository).await;
            (repository, listed)
        })
        .buffered(MAX_CONCURRENT_REQUESTS);
    while let Some((repository, listed)) = lists.next().await {
        reached &= !matches!(listed, Err(Unread::NotReached));
        if reached {
            all.value.last = Some(repository.clone());
        }
        if let Some(listed) = all.note(listed) {
            if listed.missing {
                all.value.missing.insert(repository);
                continue;
            }
            all.complete &= !listed.incomplete;
            all.value.public.extend(listed.public);
            all.value.readable.insert(repository);
            for (present, run) in listed.runs {
                all.value.facts.updated.extend(run.updated_at.map(|at| (run.id, at)));
                if run.is_of_user() && collector.rules.scope != Scope::Repository {
                    all.value.facts.of_users.insert(present.clone());
                }
                all.value.runs.insert((present, run.id));
            }
        }
    }
    if reached {
        all.value.last = None;
    }
    // The runs of other statuses are as they were, as far as this run knows.
    all.complete &= *collector.statuses == STATUSES;
    all
}

/// Returns the number of repositories whose runs are listed with one token: an App has a token for each account.
fn of_one_token(collector: &Collector<'_>, repositories: &[Repository]) -> usize {
    if !collector.github.is_app() {
        return repositories.len();
    }
    let mut by_owner: BTreeMap<String, usize> = BTreeMap::new();
    for repository in repositories {
        *by_owner.entry(repository.owner().to_ascii_lowercase()).or_default() += 1;
    }
    by_owner.into_values().max().unwrap_or_default()
}

/// Lists the runs of a repository. The runs of a public repository are left alone unless the settings allow them: anyone
/// may propose a workflow to it.
async fn list_of(
    collector: &Collector<'_>,
    repository: &Repository,
) -> Result<RunsOfRepository, Unread> {
    let mut found = RunsOfRepository::default();
    let list = |status: &'static str| {
        collector.send_existing(collector.github.runs(repository, status)).boxed()
    };
    let mut lists = Vec::new();
    if let [first, others @ ..] = collector.statuses {
        // The first list says whether GitHub shows the repository at all.
        lists.push(list(first).await?);
        if lists[0].is_some() {
            lists.extend(try_join_all(others.iter().map(|status| list(status))).await?);
        }
    }
    for listed in lists {
        let Some(listed) = listed else {
            return not_shown(collector, repository).await;
        };
        collector.charge_pages(listed.items.len());
        found.incomplete |= !listed.complete || listed.unreadable > 0;
        for run in listed.items {
            let present = run.repository().unwrap_or_else(|| repository.clone());
            if run.is_public() && !collector.rules.policy.public_repositories {
                found.public.insert(present);
            } else {
                found.runs.push((present, run));
            }
        }
    }
    Ok(found)
}

/// Finds out what a 404 for the runs of a repository means: GitHub does not show the repository, or its runs alone.
async fn not_shown(
    collector: &Collector<'_>,
    repository: &Repository,
) -> Result<RunsOfRepository, Unread> {
    match collector.send_existing(collector.github.present_name(repository)).await? {
        Some(_) => Err(collector.refuse(&hidden(repository))),
        None => Ok(RunsOfRepository { missing: true, ..RunsOfRepository::default() }),
    }
}

/// Returns the refusal of a repository that GitHub does not show.
pub(super) fn hidden(repository: &Repository) -> GithubError {
    GithubError::NotFound { call: LIST_RUNS, repository: Some(repository.clone()) }.hidden()
}
