//! Lists the registered runners.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::collector::{Collector, MAX_CONCURRENT_REQUESTS, Partial, Unread};
use crate::github::{GithubError, LIST_RUNNERS, Listed, ListedRunner};
use crate::ordered::InsertEach;
use crate::reconcile::snapshot::{Level, OtherRunner, RegisteredRunner, RunnerRelease, Runners};
use crate::repository::Repository;
use crate::scope::Scope;

/// Lists the runners of the levels at which runners for these repositories are registered. A list that was not read
/// does not keep the others from being read.
pub(super) async fn read(
    collector: &Collector<'_>,
    repositories: &BTreeSet<Repository>,
) -> Partial<Runners> {
    let mut known = collector.rules.policy.allowed.named();
    known.extend(repositories.iter().cloned());
    let by_level = known.into_iter().map(|one| (Level::of(&collector.app.scope, &one), one));
    let levels: BTreeMap<Level, Repository> = by_level.insert_each();
    let mut runners = Partial::complete(Runners::default());
    let groups = &group_names(collector);
    let mut lists = stream::iter(levels)
        .map(|(level, repository)| async move {
            let listed = list(collector, &level, &repository).await;
            let ids = match &listed {
                Ok(_) => group_ids(collector, &repository, groups).await,
                Err(_) => None,
            };
            (level, repository, listed, ids)
        })
        .buffered(MAX_CONCURRENT_REQUESTS);
    while let Some((level, repository, listed, ids)) = lists.next().await {
        let listed = match listed {
            Ok(listed) => listed,
            // GitHub does not show the list: nothing at this level is decided on, and no later run can read it either.
            Err(Unread::Denied) => continue,
            Err(Unread::Refused | Unread::NotReached) => {
                runners.complete = false;
                runners.value.unread.insert(level);
                continue;
            }
        };
        collector.charge_pages(listed.items.len());
        let whole = is_whole(&listed);
        add(collector, &mut runners.value, &level, &repository, listed.items);
        if let Some(ids) = ids {
            runners.value.groups.insert(level.clone(), ids);
        }
        if whole {
            runners.value.read.insert(level);
        } else {
            // What the list lacks may still be registered.
            runners.complete = false;
            runners.value.unread.insert(level);
        }
    }
    drop(lists);
    runners
}

/// Lists the runners of a level.
async fn list(
    collector: &Collector<'_>,
    level: &Level,
    repository: &Repository,
) -> Result<Listed<ListedRunner>, Unread> {
    let request = collector.github.runners(repository);
    if !is_named(collector, level, repository) {
        return collector.send(request).await;
    }
    if let Some(listed) = collector.send_existing(request).await? {
        return Ok(listed);
    }
    // A person has no runners but those of the repositories.
    let person = level.is_organization()
        && collector.send_existing(collector.github.belongs_to_person(repository)).await?
            == Some(true);
    if person {
        return Err(Unread::Denied);
    }
    let hidden = GithubError::NotFound { call: LIST_RUNNERS, repository: None };
    let hidden = match collector.rules.scope {
        Scope::Repository => {
            GithubError::NotFound { call: LIST_RUNNERS, repository: Some(repository.clone()) }
                .hidden()
        }
        Scope::Organization => hidden.hidden_from(Some(repository.owner())),
        Scope::Enterprise(_) => hidden.hidden_from(None),
    };
    Err(collector.refuse(&hidden))
}

/// Returns whether the settings name a level.
fn is_named(collector: &Collector<'_>, level: &Level, repository: &Repository) -> bool {
    let allowed = &collector.rules.policy.allowed;
    let is_owner = |owner: &String| owner.eq_ignore_ascii_case(repository.owner());
    match collector.rules.scope {
        Scope::Repository => allowed.named().contains(repository),
        Scope::Organization => level.is_organization() && allowed.owners().iter().any(is_owner),
        Scope::Enterprise(_) => true,
    }
}

/// Returns whether a list has all runners, each with all of its labels.
pub(super) fn is_whole(listed: &Listed<ListedRunner>) -> bool {
    let known = listed.items.iter().all(ListedRunner::has_readable_labels);
    listed.complete && listed.unreadable == 0 && known
}

fn add(
    collector: &Collector<'_>,
    runners: &mut Runners,
    level: &Level,
    repository: &Repository,
    listed: Vec<ListedRunner>,
) {
    for runner in listed {
        match registered(collector, repository, &runner) {
            Some(named) => runners.named.push(named),
            None => runners.others.push(other(collector, level, &runner)),
        }
    }
}

/// Returns a runner of others.
pub(super) fn other(
    collector: &Collector<'_>,
    level: &Level,
    runner: &ListedRunner,
) -> OtherRunner {
    OtherRunner {
        level: level.clone(),
        labels: runner.labels().map(str::to_ascii_lowercase).insert_each(),
        ephemeral: runner.ephemeral.unwrap_or(false),
        seen_at: collector.app.clock.now(),
    }
}

/// Lists the runner groups in which runners without a claim are registered: only their group shows whose they are.
fn group_names(collector: &Collector<'_>) -> BTreeSet<String> {
    let rules = collector.rules;
    if !rules.registers_by_token || rules.scope == Scope::Repository {
        return BTreeSet::new();
    }
    let groups = rules.policy.profiles.iter().filter_map(|profile| profile.group.clone());
    let default = collector.app.runners.runner_environment.group.clone();
    groups.chain([default]).insert_each()
}

/// Returns the ids of these groups; `None` if one of them could not be read.
async fn group_ids(
    collector: &Collector<'_>,
    repository: &Repository,
    names: &BTreeSet<String>,
) -> Option<BTreeSet<u64>> {
    let mut ids = BTreeSet::new();
    for name in names {
        let read = collector.send(collector.github.runner_group(repository, name)).await;
        ids.insert(read.ok()??.id);
    }
    (!ids.is_empty()).then_some(ids)
}

/// Returns a runner whose name has the form of this deployment's names; `None` for any other.
fn registered(
    collector: &Collector<'_>,
    repository: &Repository,
    runner: &ListedRunner,
) -> Option<RegisteredRunner> {
    Some(RegisteredRunner {
        id: runner.id,
        name: collector.rules.deployment.parse_task(&runner.name)?,
        repository: repository.clone(),
        online: runner.status == "online",
        busy: runner.busy,
        version: runner.version.clone().filter(|version| !version.is_empty()),
        ephemeral: runner.ephemeral.unwrap_or(true),
        labels: runner.labels().map(str::to_owned).collect(),
        group: runner.runner_group_id,
    })
}

/// Lists the latest releases of the runner, if there is a runner to compare with them.
pub(super) async fn releases(
    collector: &Collector<'_>,
    runners: &Runners,
) -> Partial<Vec<RunnerRelease>> {
    let mut releases = Partial::complete(Vec::new());
    if !runners.named.iter().any(|runner| runner.version.is_some()) {
        return releases;
    }
    let listed = collector.send(collector.github.runner_releases()).await;
    let listed = releases.note(listed).unwrap_or_default();
    let released = listed.into_iter().filter(|release| !release.prerelease).filter_map(|release| {
        let version = release.tag_name.strip_prefix('v').unwrap_or(&release.tag_name).to_owned();
        Some(RunnerRelease { version, at: release.published_at? })
    });
    releases.value.extend(released);
    releases
}
