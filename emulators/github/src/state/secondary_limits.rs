//! GitHub's secondary rate limit of 900 points a minute for each endpoint.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>
//!
//! The limits on the creation of content do not apply: GitHub names them for issues, comments and the like, and allows
//! [1,500 registrations of runners in five minutes](https://docs.github.com/en/actions/reference/limits), which exceed
//! them. The limit on CPU time is not modelled. `under_way` has the limit on requests at the same time.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;

/// Maximum points of one caller for one endpoint within a window.
const MAX_POINTS: u32 = 900;
const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// The recent requests of one caller.
#[derive(Debug, Default)]
pub(crate) struct SecondaryLimits {
    endpoints: BTreeMap<&'static str, Points>,
}

/// The points that were spent on one endpoint.
#[derive(Debug, Default)]
struct Points {
    spent: VecDeque<(DateTime<Utc>, u32)>,
    sum: u32,
    /// Requests before this time are rejected.
    blocked_until: Option<DateTime<Utc>>,
}

/// Returns the points of a request: 1 for a read, otherwise 5.
pub(crate) fn points(method: &Method) -> u32 {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) { 1 } else { 5 }
}

impl SecondaryLimits {
    /// Counts a request to an endpoint. Returns the seconds to wait if it exceeds the limit of points.
    pub(crate) fn spend(
        &mut self,
        endpoint: &'static str,
        points: u32,
        now: DateTime<Utc>,
    ) -> Result<(), u32> {
        self.endpoints.entry(endpoint).or_default().spend(points, now)
    }
}

impl Points {
    fn spend(&mut self, points: u32, now: DateTime<Utc>) -> Result<(), u32> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(whole_seconds(until - now));
        }
        while let Some((at, spent)) = self.spent.front().copied()
            && at + WINDOW <= now
        {
            self.spent.pop_front();
            self.sum -= spent;
        }
        if self.sum + points > MAX_POINTS {
            self.blocked_until = Some(now + WINDOW);
            return Err(whole_seconds(WINDOW));
        }
        self.spent.push_back((now, points));
        self.sum += points;
        Ok(())
    }
}

fn whole_seconds(wait: TimeDelta) -> u32 {
    u32::try_from((wait.num_milliseconds() + 999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_minute_has_900_points_for_each_endpoint() {
        let mut limits = SecondaryLimits::default();
        let mut spend = |endpoint, points, now| limits.spend(endpoint, points, at(now));
        assert!((0..179).all(|_| spend("Mint", 5, 0).is_ok()));
        assert_eq!(spend("Mint", 5, 30), Ok(()));
        assert_eq!(spend("Mint", 1, 59), Err(60));
        assert_eq!(spend("List", 1, 59), Ok(()));
        assert_eq!(spend("Mint", 1, 100), Err(19), "a request during the pause does not extend it");
        assert!((0..180).all(|_| spend("Mint", 5, 119).is_ok()));
    }
}
