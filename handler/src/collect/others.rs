//! Lists the runners of others that may serve the jobs that no runner of this deployment can.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::collector::{Collector, Unread};
use super::runners;
use crate::github::{Listed, ListedRunner};
use crate::ordered::InsertEach;
use crate::profiles::{Match, match_profile};
use crate::reconcile::MAX_SEEN_AGE;
use crate::reconcile::snapshot::{Level, ListedJob, OtherRunner, Runners};
use crate::reconcile::state::SeenRunner;
use crate::repository::Repository;

/// Lists the runners of each level whose list was not read yet, and whose runners can be given a job that this
/// deployment would cancel or report.
pub(super) async fn read(
    collector: &Collector<'_>,
    jobs: &BTreeMap<u64, ListedJob>,
    barred: &BTreeMap<u64, String>,
    runners: &mut Runners,
) {
    let now = collector.app.clock.now();
    let rules = collector.rules;
    let is_cancelled = |listed: &ListedJob| {
        rules.cancel_unservable && now - listed.created_at >= rules.no_capacity
    };
    let is_unserved = |listed: &ListedJob| {
        let matched = match_profile(&listed.job.labels, &rules.policy.profiles);
        matches!(matched, Match::NoProfile { .. })
    };
    let wanted = jobs.iter().filter(|(id, listed)| {
        let queued = listed.job.status == "queued";
        queued && (is_unserved(listed) || barred.contains_key(id) || is_cancelled(listed))
    });
    let repositories: BTreeSet<&Repository> =
        wanted.map(|(_, listed)| &listed.repository).insert_each();
    for repository in repositories {
        for level in Level::serving(&collector.app.scope, repository) {
            if !runners.read.contains(&level) && !runners.unread.contains(&level) {
                read_level(collector, repository, level, runners).await;
            }
        }
    }
}

/// Lists the runners of a level. The credential need not be able to read it.
async fn read_level(
    collector: &Collector<'_>,
    repository: &Repository,
    level: Level,
    runners: &mut Runners,
) {
    let listed = match level.inheriting_organization() {
        Some(organization) => inherited(collector, organization).await,
        None => collector.send_optional(collector.github.runners_of(level.path())).await,
    };
    let of_organization = level.is_organization() || level.inheriting_organization().is_some();
    match listed {
        Ok(listed) => {
            collector.charge_pages(listed.items.len());
            let others = listed.items.iter().map(|one| runners::other(collector, &level, one));
            runners.others.extend(others);
            runners.read.extend(runners::is_whole(&listed).then_some(level));
        }
        Err(Unread::Denied) if of_organization => {
            let person = collector.github.belongs_to_person(repository);
            if collector.send_optional(person).await == Ok(true) {
                runners.read.insert(level);
            }
        }
        _ => {}
    }
}

/// Lists the runners of the enterprise that an organization inherits, which its own list lacks.
async fn inherited(
    collector: &Collector<'_>,
    organization: &str,
) -> Result<Listed<ListedRunner>, Unread> {
    let groups = collector.send_optional(collector.github.inherited_groups(organization)).await?;
    let Listed { items: groups, complete, unreadable, partial } = groups;
    let mut all = Listed { items: Vec::new(), complete, unreadable, partial };
    for group in groups {
        let request = collector.github.runners_of_group(organization, group);
        let listed = collector.send_optional(request).await?;
        all.items.extend(listed.items);
        all.unreadable += listed.unreadable;
        all.complete &= listed.complete;
    }
    Ok(all)
}

/// Adds the ephemeral runners of others that were registered in the last days.
pub(super) fn recall(seen: &[SeenRunner], runners: &mut Runners, now: DateTime<Utc>) {
    let recent = seen.iter().filter(|one| now - one.at < MAX_SEEN_AGE);
    let recalled = recent.map(|one| OtherRunner {
        level: one.level.clone(),
        labels: one.labels.clone(),
        ephemeral: true,
        seen_at: one.at,
    });
    runners.others.extend(recalled);
}
