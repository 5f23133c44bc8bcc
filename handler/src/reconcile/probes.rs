//! Finds the jobs whose runners try whether GitHub accepts claims again, while it refuses them.
//!
//! There is one such job at a time for each pool, and for each account or repository that alone is refused. A job that
//! gets no runner for another reason is none, and a task that waits for a full pool does not keep the jobs of other pools
//! from trying.

use std::collections::{BTreeMap, BTreeSet};

use super::assessment::Assessment;
use super::demand::{Demand, Times};

/// The jobs whose next runners try to claim.
#[derive(Default)]
pub(super) struct Probes(BTreeSet<u64>);

impl Probes {
    /// Finds the job with the lowest id of each place, unless a live task covers a job of it.
    pub(super) fn find(run: &Assessment<'_>, times: &Times) -> Self {
        let mut first = BTreeMap::new();
        let mut trying = BTreeSet::new();
        for demand in Demand::all(run) {
            let Some(place) = place(run, &demand) else { continue };
            if demand.paused(run).is_some() {
                continue;
            } else if demand.covering(run).is_some() {
                trying.insert(place);
            } else if demand.obstacle(run).is_none() && demand.exhausted(run, times).is_none() {
                first.entry(place).or_insert(demand.id);
            }
        }
        Self(
            first
                .into_iter()
                .filter(|(place, _)| !trying.contains(place))
                .map(|(_, id)| id)
                .collect(),
        )
    }

    /// Returns whether a job is one of them.
    pub(super) fn contains(&self, job: u64) -> bool {
        self.0.contains(&job)
    }
}

/// Returns the place of a job whose claims are refused, if a runner may try again by now: the account, or the repository
/// that alone is refused, and the pool.
fn place<'a>(run: &Assessment<'a>, demand: &Demand<'a>) -> Option<(String, &'a str)> {
    let (refused, period) = run.snapshot.refused_claims.present(&demand.listed.repository)?;
    period.permits_probe(run.now).then_some((refused, &demand.profile?.pool))
}
