//! The options of quotas.

use clap::Args;

use crate::Quota;

/// The quotas of the account; the defaults are the largest published ones.
#[derive(Args, Clone, Copy, Debug)]
pub struct QuotaArguments {
    /// Cores of dedicated nodes, in all pools together
    #[arg(long, default_value_t = Quota::default().dedicated_cores)]
    pub dedicated_core_quota: u32,
    /// Cores of spot nodes, in all pools together
    #[arg(long, default_value_t = Quota::default().low_priority_cores)]
    pub spot_core_quota: u32,
    /// Pools
    #[arg(long, default_value_t = Quota::default().pools)]
    pub pool_quota: usize,
    /// Jobs that are not completed
    #[arg(long, default_value_t = Quota::default().active_jobs)]
    pub active_job_quota: usize,
}

impl QuotaArguments {
    /// Returns the quota.
    pub(super) fn quota(self) -> Quota {
        Quota {
            dedicated_cores: self.dedicated_core_quota,
            low_priority_cores: self.spot_core_quota,
            pools: self.pool_quota,
            active_jobs: self.active_job_quota,
        }
    }
}
