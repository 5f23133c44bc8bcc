//! Builds the history of a status report.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};

use super::aggregate::DaysRead;
use super::costs::{PoolOfProfile, costs};
use super::ended::ended_jobs;
use super::prices::Prices;
use super::record::time;
use super::report::{HistoryReport, LoadSample};
use super::sample::Sample;
use super::waits::waits;

const DAY_SECONDS: i64 = 86_400;
/// The distance of the samples of the last day, and of those before: 288 and 192 at most.
const FINE_SECONDS: i64 = 300;
const COARSE_SECONDS: i64 = 2700;

/// What a report depends on besides the blobs.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The pools of the profiles.
    pub profiles: &'a [PoolOfProfile],
    /// The prices.
    pub prices: &'a Prices,
    /// The days for which the history is kept.
    pub days: u32,
    /// The time of the report.
    pub now: DateTime<Utc>,
}

/// Builds the history of a report.
pub fn summarize(days: &DaysRead, inputs: Inputs<'_>) -> HistoryReport {
    let Inputs { profiles, prices, now, .. } = inputs;
    HistoryReport {
        days: inputs.days,
        currency: prices.currency.clone(),
        prices: prices.validity(),
        ended: ended_jobs(&days.totals.newest, days, profiles, prices),
        waits: waits(&days.totals.waits, now.timestamp()),
        costs: costs(days, (now.year(), now.month()), profiles, prices),
        samples: thinned(&days.samples, now.timestamp()),
    }
}

/// Selects the first sample of each five minutes of the last day, and of each three quarters of an hour before, of seven
/// days.
fn thinned(samples: &[Sample], now: i64) -> Vec<LoadSample> {
    let mut kept: BTreeMap<i64, &Sample> = BTreeMap::new();
    for sample in samples {
        let age = now - sample.at;
        let distance = if age < DAY_SECONDS { FINE_SECONDS } else { COARSE_SECONDS };
        if (0..7 * DAY_SECONDS).contains(&age) {
            kept.entry(sample.at - sample.at.rem_euclid(distance)).or_insert(sample);
        }
    }
    kept.into_values().map(load).collect()
}

fn load(sample: &Sample) -> LoadSample {
    LoadSample {
        at: time(sample.at),
        waiting: sample.waiting,
        running: sample.running,
        nodes: sample.nodes.iter().sum(),
    }
}

#[cfg(test)]
mod tests;
