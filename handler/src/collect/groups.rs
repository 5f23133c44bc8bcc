//! Finds the jobs that their runner group keeps, or may keep, from being served.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;

use super::collector::{Collector, Partial, Unread};
use super::jobs::Jobs;
use crate::github::GithubError;
use crate::profiles::{Match, match_profile};
use crate::repository::Repository;
use crate::runner_group::{RunnerGroup, obstacle, restriction};
use crate::scope::Scope;

/// What runner groups keep from being served, each job with the reason.
#[derive(Default)]
pub(super) struct Barred {
    /// The queued jobs that are kept from their runners.
    pub(super) jobs: BTreeMap<u64, String>,
    /// The queued jobs that are kept from their runners unless their workflow is selected.
    pub(super) restricted: BTreeMap<u64, String>,
}

/// Returns the reason for each queued job that is kept from its runner. A group that cannot be read keeps none.
pub(super) async fn read(collector: &Collector<'_>, jobs: &Jobs) -> Partial<Barred> {
    let mut barred = Partial::complete(Barred::default());
    if collector.app.scope == Scope::Repository {
        return barred;
    }
    let policy = &collector.rules.policy;
    let mut groups = BTreeMap::new();
    // A person has no groups.
    let wanted = jobs.jobs.iter().filter(|(_, listed)| {
        listed.job.status == "queued" && !jobs.runs.of_users.contains(&listed.repository)
    });
    for (id, listed) in wanted {
        let Match::Profile(profile) = match_profile(&listed.job.labels, &policy.profiles) else {
            continue;
        };
        let default = &collector.app.runners.runner_environment.group;
        let name = profile.group.as_ref().unwrap_or(default);
        let key = (collector.app.scope.api_path(&listed.repository), name);
        let group = match groups.get(&key) {
            Some(group) => group,
            None => {
                let group = barred.note(read_group(collector, &listed.repository, name).await);
                groups.entry(key).or_insert(group.flatten())
            }
        };
        let Some(group) = group else { continue };
        let reason = obstacle(group, &listed.repository, policy);
        barred.value.jobs.extend(reason.map(|reason| (*id, reason)));
        barred.value.restricted.extend(restriction(group).map(|text| (*id, text)));
    }
    barred
}

/// Reads a runner group. The settings name it, so one that GitHub does not show is reported.
async fn read_group(
    collector: &Collector<'_>,
    repository: &Repository,
    name: &str,
) -> Result<Option<Arc<RunnerGroup>>, Unread> {
    let owner = repository.owner();
    let report = |err: GithubError| {
        if let GithubError::NotFound { call, .. } = &err {
            collector.report_setting(Some(owner), call, format!("{err}: {name:?} for {owner}"));
        }
        err
    };
    let request = collector.github.runner_group(repository, name);
    let read = collector.send(request.map(|read| read.map_err(report))).await;
    read.map_err(|unread| if unread == Unread::Denied { Unread::Refused } else { unread })
}
