//! Reads the settings for ReconcileRunners.

use chrono::TimeDelta;
use url::Url;

use super::reader::Reader;
use crate::polling::{DemandSource, MAX_PERIOD};
use crate::schedule::{self, DEFAULT_SCHEDULE};

/// Settings for ReconcileRunners.
#[derive(Clone, Debug)]
pub struct ReconciliationSettings {
    /// How jobs become known.
    pub demand: DemandSource,
    /// The time between two runs.
    pub period: TimeDelta,
    /// How long a runner may idle before it is removed.
    pub idle: TimeDelta,
    /// How long a job may wait before an alert states why.
    pub no_capacity: TimeDelta,
    /// Whether the run of a job that cannot be served is cancelled.
    pub cancel_unservable: bool,
    /// Whether pools are woken for waiting tasks.
    pub wake_pools: bool,
    /// The days for which the history of jobs is kept; 0 if none is recorded.
    pub history_days: u32,
    /// The host to which the webhooks of this deployment deliver, if it is known.
    pub own_host: Option<String>,
}

pub(super) fn reconciliation(reader: &mut Reader) -> ReconciliationSettings {
    let minutes = |number: u32| TimeDelta::minutes(number.into());
    let claim_url = reader.optional("ClaimUrl");
    let host = claim_url.and_then(|url| Url::parse(&url).ok()?.host_str().map(str::to_owned));
    let (demand, period) = (demand(reader), period(reader));
    if demand == DemandSource::Polling && period > MAX_PERIOD {
        let fault = "must be */30 * * * * *, or at most every minute, if Demand is polling: nothing else finds jobs";
        reader.fault("ReconcileSchedule", fault);
    }
    ReconciliationSettings {
        demand,
        period,
        idle: minutes(reader.number("RunnerIdleMinutes", 10, 1..=1440)),
        no_capacity: minutes(reader.number("NoCapacityMinutes", 30, 1..=1440)),
        cancel_unservable: reader.flag("CancelUnservable"),
        wake_pools: reader.flag("WakePools"),
        history_days: reader.number("HistoryDays", 400, 0..=3650),
        own_host: reader.optional("WEBSITE_HOSTNAME").or(host),
    }
}

/// Reads how jobs become known.
pub(super) fn demand(reader: &mut Reader) -> DemandSource {
    match reader.or("Demand", "webhook").as_str() {
        "webhook" => DemandSource::Webhook,
        "polling" => DemandSource::Polling,
        _ => {
            reader.fault("Demand", "must be webhook or polling");
            DemandSource::Webhook
        }
    }
}

fn period(reader: &mut Reader) -> TimeDelta {
    let schedule = reader.or("ReconcileSchedule", DEFAULT_SCHEDULE);
    schedule::period(&schedule).unwrap_or_else(|fault| {
        reader.fault("ReconcileSchedule", fault);
        TimeDelta::minutes(2)
    })
}
