//! Computes what it costs to find jobs by listing them, instead of by webhooks.
//!
//! Each run lists the workflow runs of each repository, once for each status. A response that says that nothing has changed
//! does not count against GitHub's hourly limit, but every request is one of the points that GitHub allows an endpoint in
//! a minute. So the statuses in which nothing waits for a runner are listed every two minutes only.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The statuses of a run that has not ended. A run with a gate may have other jobs that wait for a runner.
pub const STATUSES: [&str; 5] = ["queued", "in_progress", "waiting", "pending", "requested"];
/// Those of a run whose jobs may wait for a runner: GitHub has neither created nor released a job of the other runs.
const URGENT: [&str; 3] = ["queued", "in_progress", "waiting"];
/// The time after which the other runs are listed again, a little less than two minutes.
const ALL_INTERVAL: TimeDelta = TimeDelta::seconds(110);
/// The lists per minute that reconciliation reads with one token: two thirds of the 900 points that GitHub allows an
/// endpoint. The rest is for Status.
pub const MAX_LISTS_PER_MINUTE: u32 = 600;
/// The longest time between two runs without webhooks. A longer one would leave jobs waiting for minutes.
pub const MAX_PERIOD: TimeDelta = TimeDelta::minutes(1);

/// How jobs become known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DemandSource {
    /// By GitHub's webhooks. Reconciliation finds those whose deliveries were lost.
    #[default]
    Webhook,
    /// By reconciliation alone: the function app takes no webhooks.
    Polling,
}

/// What polling costs: the requests that list workflow runs with one token.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PollingCost {
    /// The number of repositories.
    pub repositories: u32,
    /// The number of repositories that fit into the limit.
    pub max_repositories: u32,
    /// Seconds between two runs.
    pub period_seconds: u32,
    /// Lists in the busiest minute. Of GitHub's hourly limit, those count whose response has changed.
    pub lists_per_minute: u32,
    /// The limit of these.
    pub max_lists_per_minute: u32,
}

impl PollingCost {
    /// Computes the cost of polling this many repositories with one token.
    pub fn new(repositories: usize, period: TimeDelta) -> Self {
        let seconds = u32::try_from(period.num_seconds()).unwrap_or(u32::MAX).max(1);
        let repositories = u32::try_from(repositories).unwrap_or(u32::MAX);
        let of_one = lists_of_a_repository(seconds);
        Self {
            repositories,
            max_repositories: MAX_LISTS_PER_MINUTE / of_one,
            period_seconds: seconds,
            lists_per_minute: repositories.saturating_mul(of_one),
            max_lists_per_minute: MAX_LISTS_PER_MINUTE,
        }
    }

    /// Returns what is wrong and what to do, if there are more repositories than fit.
    pub fn problem(&self) -> Option<String> {
        let Self { repositories, max_repositories, period_seconds, .. } = self;
        (repositories > max_repositories).then(|| {
            format!(
                "Demand is polling, and one token polls {repositories} repositories: GitHub's limits allow {max_repositories} every {period_seconds} seconds, and jobs of the others wait longer. Name fewer in AllowedRepositories, make ReconcileSchedule slower, or use webhooks"
            )
        })
    }
}

/// Returns the lists of one repository in the busiest minute: it begins with a run and ends with another, and one of its
/// runs lists all statuses.
fn lists_of_a_repository(period_seconds: u32) -> u32 {
    let count = |statuses: &[&str]| u32::try_from(statuses.len()).unwrap_or(u32::MAX);
    60 / period_seconds * count(&URGENT) + count(&STATUSES)
}

/// Returns the statuses whose runs a run of reconciliation lists, given when all were listed.
pub fn statuses(
    all_listed_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> &'static [&'static str] {
    match all_listed_at {
        Some(at) if now - at < ALL_INTERVAL => &URGENT,
        _ => &STATUSES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_repositories_fit_every_30_seconds() {
        let cost = |repositories, seconds| {
            let cost = PollingCost::new(repositories, TimeDelta::seconds(seconds));
            (cost.lists_per_minute, cost.max_repositories, cost.problem().is_some())
        };
        assert_eq!(cost(50, 30), (550, 54, false));
        assert_eq!(cost(54, 30), (594, 54, false));
        assert_eq!(cost(55, 30), (605, 54, true));
        assert_eq!(cost(0, 30), (0, 54, false));
        assert_eq!(cost(50, 10), (1150, 26, true));
        assert_eq!(cost(50, 60), (400, 75, false));
        assert!(cost(usize::MAX, 30).2);
    }

    #[test]
    fn all_statuses_are_listed_every_two_minutes() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let (mut last, mut lists) = (None, Vec::new());
        for second in (0..=270).step_by(30) {
            let listed = statuses(last, at(second));
            if listed == STATUSES {
                last = Some(at(second));
            }
            lists.push(listed.len());
        }
        assert_eq!(lists, [5, 3, 3, 3, 5, 3, 3, 3, 5, 3]);
    }
}
