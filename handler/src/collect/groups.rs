//! Finds the jobs that their runner group keeps, or may keep, from being served.

use std::collections::BTreeMap;

use super::collector::{Collector, Partial};
use crate::profiles::{Match, match_profile};
use crate::reconcile::snapshot::ListedJob;
use crate::runner_group::{obstacle, restriction};
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
pub(super) async fn read(
    collector: &Collector<'_>,
    jobs: &BTreeMap<u64, ListedJob>,
) -> Partial<Barred> {
    let mut barred = Partial::complete(Barred::default());
    if collector.app.scope == Scope::Repository {
        return barred;
    }
    let policy = &collector.rules.policy;
    let mut groups = BTreeMap::new();
    for (id, listed) in jobs.iter().filter(|(_, listed)| listed.job.status == "queued") {
        let Match::Profile(profile) = match_profile(&listed.job.labels, &policy.profiles) else {
            continue;
        };
        let default = &collector.app.runners.runner_environment.group;
        let name = profile.group.as_ref().unwrap_or(default);
        let key = (collector.app.scope.api_path(&listed.repository), name);
        let group = match groups.get(&key) {
            Some(group) => group,
            None => {
                let request = collector.github.runner_group(&listed.repository, name);
                let group = barred.note(collector.send(request).await);
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
