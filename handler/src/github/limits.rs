//! Reports the rate limits that GitHub has sent to this process.

use super::Github;
use crate::status_report::RateLimit;

impl Github {
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
