//! The costs of a month by repository and profile.
//!
//! The nodes of a pool existed for some time, as the samples say. The tasks used a part of it. The rest, in which nodes
//! started, idled or were removed, is shared out by use, so that the costs of all rows are those of the pool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::aggregate::{DaysRead, Month, PoolTime, Usage, UsageKey};
use super::prices::Prices;
use super::report::Cost;
use super::sample::PoolSample;
use crate::profiles::Profile;
use crate::repository::Repository;

/// The pool of a profile, and its operating system.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PoolOfProfile {
    /// The profile.
    pub profile: String,
    /// Its pool.
    pub pool: String,
    /// Whether its nodes run Windows.
    pub windows: bool,
}

impl From<&Profile> for PoolOfProfile {
    fn from(profile: &Profile) -> Self {
        Self {
            profile: profile.name.clone(),
            pool: profile.pool.clone(),
            windows: profile.is_windows(),
        }
    }
}

/// What the price of a pool depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct PricedPool {
    pub(super) vm_size: Option<String>,
    pub(super) slots: u32,
}

impl From<&PoolSample> for PricedPool {
    fn from(pool: &PoolSample) -> Self {
        Self { vm_size: pool.vm_size.clone(), slots: pool.slots.max(1) }
    }
}

impl PricedPool {
    /// Returns the price of a slot for an hour.
    pub(super) fn slot_hour(&self, prices: &Prices, windows: bool) -> Option<f64> {
        let hour = prices.hour(self.vm_size.as_deref()?, windows)?;
        Some(hour / f64::from(self.slots.max(1)))
    }
}

type UsageRow<'a> = (&'a UsageKey, &'a Usage);

/// Returns the costs of a month, such as (2026, 11).
pub fn costs(
    days: &DaysRead,
    month: (i32, u32),
    profiles: &[PoolOfProfile],
    prices: &Prices,
) -> Vec<Cost> {
    let mut by_pool: BTreeMap<Option<&str>, Vec<UsageRow<'_>>> = BTreeMap::new();
    for row in days.totals.usage.iter().filter(|(key, _)| key.month == month) {
        let of = profiles.iter().find(|of| of.profile == row.0.profile);
        by_pool.entry(of.map(|of| of.pool.as_str())).or_default().push(row);
    }
    for pool in days.pools.iter().filter(|((of, _), time)| *of == month && time.node_seconds > 0) {
        by_pool.entry(Some(pool.0.1.as_str())).or_default();
    }
    let rows = by_pool.into_iter().flat_map(|(pool, rows)| {
        let time = pool.and_then(|pool| days.pools.get(&(month, pool.to_owned())));
        of_pool(pool, &rows, time, (month, profiles, prices))
    });
    let mut rows: Vec<Cost> = rows.collect();
    rows.sort_by(|a, b| (&a.repository, &a.profile).cmp(&(&b.repository, &b.profile)));
    rows
}

/// Returns the costs of the jobs on one pool; on no known one if `pool` is `None`.
fn of_pool(
    pool: Option<&str>,
    rows: &[UsageRow<'_>],
    time: Option<&PoolTime>,
    (month, profiles, prices): (Month, &[PoolOfProfile], &Prices),
) -> Vec<Cost> {
    let priced = time.map(|time| PricedPool::from(&time.pool)).unwrap_or_default();
    let slots = f64::from(priced.slots.max(1));
    let used: f64 = rows.iter().map(|(_, usage)| usage.slot_seconds as f64 / slots).sum();
    let existed = time.map(|time| (time.node_seconds as f64).max(used));
    let name = |month: Month| format!("{:04}-{:02}", month.0, month.1);
    let of = |profile: &str| profiles.iter().find(|of| of.profile == profile);
    if used == 0.0 && rows.is_empty() {
        let unused = profiles.iter().find(|of| Some(of.pool.as_str()) == pool);
        return unused
            .map(|of| idle_pool(of, existed.unwrap_or(0.0), &priced, name(month), prices))
            .into_iter()
            .collect();
    }
    let mut costs: BTreeMap<(&Repository, &str), Cost> = BTreeMap::new();
    for (key, usage) in rows {
        let node_seconds = usage.slot_seconds as f64 / slots
            * existed.filter(|_| used > 0.0).map_or(1.0, |existed| existed / used);
        let cost = costs.entry((&key.repository, &key.profile)).or_insert_with(|| Cost {
            repository: Some(key.repository.clone()),
            idle_share: existed.filter(|all| *all > 0.0).map(|all| rounded(1.0 - used / all, 3)),
            cost: Some(0.0),
            hosted_cost: Some(0.0),
            ..nothing(&key.profile, name(month))
        });
        let windows = of(&key.profile).is_some_and(|of| of.windows);
        let hour = priced.vm_size.as_deref().and_then(|size| prices.hour(size, windows));
        let minute = priced
            .vm_size
            .as_deref()
            .and_then(|size| prices.hosted_minute(size, windows, key.slots, priced.slots));
        cost.jobs += usage.jobs;
        cost.minutes += usage.run_seconds as f64 / 60.0;
        cost.node_minutes += node_seconds / 60.0;
        cost.cost = sum(cost.cost, hour.map(|hour| hour * node_seconds / 3600.0));
        cost.hosted_cost =
            sum(cost.hosted_cost, minute.map(|minute| minute * usage.hosted_minutes as f64));
    }
    costs.into_values().map(rounded_cost).collect()
}

/// Returns the cost of a pool that ran no job.
fn idle_pool(
    of: &PoolOfProfile,
    seconds: f64,
    priced: &PricedPool,
    month: String,
    prices: &Prices,
) -> Cost {
    let hour = priced.vm_size.as_deref().and_then(|size| prices.hour(size, of.windows));
    rounded_cost(Cost {
        node_minutes: seconds / 60.0,
        idle_share: Some(1.0),
        cost: hour.map(|hour| hour * seconds / 3600.0),
        hosted_cost: Some(0.0),
        ..nothing(&of.profile, month)
    })
}

fn nothing(profile: &str, month: String) -> Cost {
    Cost {
        repository: None,
        profile: profile.to_owned(),
        month,
        jobs: 0,
        minutes: 0.0,
        node_minutes: 0.0,
        idle_share: None,
        cost: None,
        hosted_cost: None,
    }
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? + other?)
}

fn rounded_cost(cost: Cost) -> Cost {
    Cost {
        minutes: rounded(cost.minutes, 1),
        node_minutes: rounded(cost.node_minutes, 1),
        cost: cost.cost.map(|cost| rounded(cost, 4)),
        hosted_cost: cost.hosted_cost.map(|cost| rounded(cost, 4)),
        ..cost
    }
}

/// Rounds a number to some digits after the point.
pub(super) fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}
