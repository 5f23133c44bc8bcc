//! Reads what ReconcileRunners keeps to.

use chrono::TimeDelta;
use url::Url;

use super::reader::Reader;

/// What ReconcileRunners keeps to.
#[derive(Clone, Debug)]
pub struct ReconciliationSettings {
    /// How long a runner may wait that nobody needs.
    pub idle: TimeDelta,
    /// After how long a waiting job is told of.
    pub no_capacity: TimeDelta,
    /// Whether the run of a job that cannot be served is cancelled.
    pub cancel_unservable: bool,
    /// The host to which webhooks of ours are delivered, where it is known.
    pub own_host: Option<String>,
}

pub(super) fn reconciliation(reader: &mut Reader) -> ReconciliationSettings {
    let minutes = |number: u32| TimeDelta::minutes(number.into());
    let claim_url = reader.optional("ClaimUrl");
    let host = claim_url.and_then(|url| Url::parse(&url).ok()?.host_str().map(str::to_owned));
    ReconciliationSettings {
        idle: minutes(reader.number("RunnerIdleMinutes", 10, 1..=1440)),
        no_capacity: minutes(reader.number("NoCapacityMinutes", 30, 1..=1440)),
        cancel_unservable: reader.flag("CancelUnservable"),
        own_host: reader.optional("WEBSITE_HOSTNAME").or(host),
    }
}
