//! Tells what GitHub has told this process of its limits.

use super::Github;
use crate::status_report::RateLimit;

impl Github {
    /// Lists what is left to each account, and the pauses that GitHub has asked for.
    pub fn limits(&self) -> Vec<RateLimit> {
        let now = self.now();
        let mut told = Vec::new();
        for (payer, budget) in self.budgets().iter() {
            let account = Some(payer.clone()).filter(|payer| !payer.is_empty());
            told.extend(budget.paused_until(now).map(|until| RateLimit {
                account: account.clone(),
                resource: None,
                limit: None,
                remaining: None,
                until,
            }));
            told.extend(budget.limits(now).into_iter().map(|limit| RateLimit {
                account: account.clone(),
                resource: Some(limit.resource),
                limit: Some(limit.limit),
                remaining: Some(limit.remaining),
                until: limit.resets_at,
            }));
        }
        told
    }
}
