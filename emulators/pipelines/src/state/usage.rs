//! Consumption of an identity, which the service limits.
//!
//! The limit is 200 units (TSTU) in a sliding window of five minutes. Above it, requests are delayed, up to 30 seconds
//! each, and then rejected with 429. Inferred: that a delay grows with the excess, and that requests are rejected from
//! twice the limit on.
//!
//! <https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits>

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Units that an identity may consume in a window.
pub(crate) const LIMIT: f64 = 200.0;
const WINDOW: TimeDelta = TimeDelta::minutes(5);
const MAX_DELAY_SECONDS: f64 = 30.0;
/// The part of the limit from which on responses have the headers.
const HEADERS_FROM: f64 = 0.8;

/// The consumption of an identity in the window that ends now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    calls: VecDeque<(DateTime<Utc>, f64)>,
}

/// What a response says of the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quota {
    pub(crate) used: f64,
    /// Seconds by which the request is delayed.
    pub(crate) delay: f64,
    /// Whether the request is rejected.
    pub(crate) is_rejected: bool,
    /// When the consumption will be below the limit.
    pub(crate) reset: DateTime<Utc>,
}

impl Usage {
    /// Counts a call, and returns what its response says; `None` far below the limit.
    pub(crate) fn spend(&mut self, cost: f64, now: DateTime<Utc>) -> Option<Quota> {
        while self.calls.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.calls.pop_front();
        }
        self.calls.push_back((now, cost));
        let used: f64 = self.calls.iter().map(|(_, cost)| cost).sum();
        if used < LIMIT * HEADERS_FROM {
            return None;
        }
        let delay = ((used - LIMIT) / LIMIT * MAX_DELAY_SECONDS).clamp(0.0, MAX_DELAY_SECONDS);
        let is_rejected = used > 2.0 * LIMIT;
        Some(Quota { used, delay, is_rejected, reset: self.reset(used, now) })
    }

    fn reset(&self, used: f64, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut excess = used - LIMIT;
        for (at, cost) in &self.calls {
            if excess <= 0.0 {
                return now.max(*at);
            }
            excess -= cost;
            if excess <= 0.0 {
                return *at + WINDOW;
            }
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_delayed_above_the_limit_and_then_rejected() {
        let mut usage = Usage::default();
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(usage.spend(100.0, now), None);
        let near = usage.spend(80.0, now + TimeDelta::minutes(1)).unwrap();
        assert_eq!((near.used, near.delay, near.is_rejected), (180.0, 0.0, false));
        let above = usage.spend(120.0, now + TimeDelta::minutes(2)).unwrap();
        assert_eq!((above.delay, above.is_rejected), (15.0, false));
        assert_eq!(above.reset, now + TimeDelta::minutes(5));
        assert!(usage.spend(101.0, now + TimeDelta::minutes(2)).unwrap().is_rejected);
        assert_eq!(usage.spend(1.0, now + TimeDelta::minutes(8)), None);
    }
}
