//! Reports the rate limits that GitHub has sent to this process.

use super::Github;
use super::budget::REGISTRATIONS_PER_MINUTE;
use crate::status_report::RateLimit;

impl Github {
    /// Returns the number of runners that can be registered in a minute, by all credentials together.
    pub fn registrations_per_minute(&self) -> usize {
        REGISTRATIONS_PER_MINUTE as usize * self.of_each_app().len()
    }

    /// Lists the remaining requests of each account, and the pauses that GitHub has demanded.
    pub fn limits(&self) -> Vec<RateLimit> {
        let now = self.now();
        let mut limits = Vec::new();
        for (payer, budget) in self.budgets().iter() {
            let account = Some(payer.clone()).filter(|payer| !payer.is_empty());
            limits.extend(budget.paused_until(now).map(|until| RateLimit {
                account: account.clone(),
                resource: None,
                limit: None,
                remaining: None,
                resets_at: until,
            }));
            limits.extend(budget.limits(now).into_iter().map(|limit| RateLimit {
                account: account.clone(),
                resource: Some(limit.resource),
                limit: Some(limit.limit),
                remaining: Some(limit.remaining),
                resets_at: limit.resets_at,
            }));
        }
        limits
    }
}
