//! Finds the jobs that their runner group keeps from being served.

use std::collections::BTreeMap;

use super::collector::{Collector, Partial};
use crate::profiles::{Match, match_profile};
use crate::reconcile::snapshot::ListedJob;
use crate::runner_group::obstacle;
use crate::scope::Scope;

/// Returns the reason for each queued job that is kept from its runner. A group that cannot be read keeps none.
pub(super) async fn read(
    collector: &Collector<'_>,
    jobs: &BTreeMap<u64, ListedJob>,
) -> Partial<BTreeMap<u64, String>> {
    let mut barred = Partial::complete(BTreeMap::new());
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
        let reason = group.as_ref().and_then(|group| obstacle(group, &listed.repository, policy));
        barred.value.extend(reason.map(|reason| (*id, reason)));
    }
    barred
}
