//! Finds the jobs that their runner group keeps from being served.

use std::collections::BTreeMap;

use super::look::Look;
use crate::profiles::{Match, match_profile};
use crate::reconcile::snapshot::ListedJob;
use crate::runner_group::bar;
use crate::scope::Scope;

/// Tells why, for each waiting job that is kept from its runner. A group that cannot be seen keeps nobody.
pub(super) async fn read(
    look: &Look<'_>,
    jobs: &BTreeMap<u64, ListedJob>,
) -> BTreeMap<u64, String> {
    let mut barred = BTreeMap::new();
    if look.app.scope == Scope::Repository {
        return barred;
    }
    let policy = &look.rules.policy;
    let mut known = BTreeMap::new();
    for (id, job) in jobs.iter().filter(|(_, job)| job.seen.status == "queued") {
        let Match::Profile(profile) = match_profile(&job.seen.labels, &policy.profiles) else {
            continue;
        };
        let name = profile.group.as_ref().unwrap_or(&look.app.runners.runner_environment.group);
        let place = (look.app.scope.api_path(&job.repository), name);
        let group = match known.get(&place) {
            Some(group) => group,
            None => {
                let group = look.ask(look.github.runner_group(&job.repository, name)).await;
                known.entry(place).or_insert(group.ok().flatten())
            }
        };
        let why = group.as_ref().and_then(|group| bar(group, &job.repository, policy));
        barred.extend(why.map(|why| (*id, why)));
    }
    barred
}
