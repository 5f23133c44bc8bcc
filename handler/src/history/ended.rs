//! The list of the jobs that ended last.

use crate::ordered::InsertEach;
use std::collections::BTreeMap;

use super::aggregate::DaysRead;
use super::costs::{PoolOfProfile, PricedPool};
use super::prices::Prices;
use super::record::{Record, time};
use super::report::EndedJob;

/// Maximum number of ended jobs in a report.
pub(super) const MAX_ENDED: usize = 50;

/// Converts records, with the cost of the slots that each occupied. The VM sizes are those of the samples of these days.
pub fn ended_jobs(
    records: &[Record],
    days: &DaysRead,
    profiles: &[PoolOfProfile],
    prices: &Prices,
) -> Vec<EndedJob> {
    // The months ascend: the last one decides.
    let pools = days.pools.iter().map(|((_, name), time)| (name.clone(), (&time.pool).into()));
    let pools: BTreeMap<String, PricedPool> = pools.insert_each();
    records.iter().map(|record| ended_job(record, profiles, &pools, prices)).collect()
}

/// Converts a record.
fn ended_job(
    record: &Record,
    profiles: &[PoolOfProfile],
    pools: &BTreeMap<String, PricedPool>,
    prices: &Prices,
) -> EndedJob {
    let of = profiles.iter().find(|profile| profile.profile == record.profile);
    let hour = of.and_then(|of| Some((of, pools.get(&of.pool)?)));
    let hour = hour.and_then(|(of, pool)| pool.slot_hour(prices, of.windows));
    let cost = hour.map(|hour| {
        let slots = f64::from(record.slots);
        super::costs::rounded(hour * slots * record.occupied_seconds() as f64 / 3600.0, 4)
    });
    EndedJob {
        task: record.task.clone(),
        job: record.job,
        run: record.run,
        repository: record.repository.clone(),
        workflow: record.workflow.clone(),
        profile: record.profile.clone(),
        queued: record.queued.map(time),
        started: record.start().map(time),
        ended: time(record.completed.unwrap_or(record.ended)),
        wait_seconds: record.wait_seconds(),
        run_seconds: record.run_seconds(),
        node: record.node.clone(),
        slots: record.slots.max(1),
        exit: record.exit,
        conclusion: record.conclusion.clone(),
        cost,
    }
}
