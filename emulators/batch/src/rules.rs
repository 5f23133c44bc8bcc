//! What holds for an account: its quotas, and how what the sources leave open is decided.

use autoscale_formula::Choices;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::timings::Timings;

/// The rules of an account.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long nodes take, in pools that clients add.
    pub timings: Timings,
    /// How much there may be.
    pub quota: Quota,
    /// Whether Add Task is refused while the job is disabled.
    pub disabled_jobs_reject_tasks: bool,
    /// Whether a formula is evaluated at once when scaling is enabled, not only when a pool is added.
    ///
    /// Reports contradict each other (ga4gh/tes-azure#176 has seen it, CDCgov/cfa_azure#211 has not).
    pub evaluate_when_enabled: bool,
    /// Whether an evaluation that wants the targets that there are tries again to reach them.
    ///
    /// Off, a pool is_staying as a failed resize has left it until its formula wants something else, or scaling
    /// is disabled and enabled: what ga4gh/tes-azure works around.
    pub retry_failed_resize: bool,
    /// How old a sample is when a formula first sees it.
    pub sample_lag: TimeDelta,
    /// How long samples are kept.
    pub sample_history: TimeDelta,
    /// How formulas are read where the documentation is silent.
    pub formulas: Choices,
    /// The idle time that a clock which skips passes over after the last thing that happened.
    pub max_auto_advance: TimeDelta,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timings: Timings::REPORTED,
            quota: Quota::default(),
            disabled_jobs_reject_tasks: false,
            evaluate_when_enabled: false,
            retry_failed_resize: false,
            sample_lag: TimeDelta::seconds(60),
            sample_history: TimeDelta::hours(24),
            formulas: Choices::default(),
            max_auto_advance: TimeDelta::hours(3),
        }
    }
}

/// How much an account may have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Quota {
    /// Cores of dedicated nodes.
    pub dedicated_cores: u32,
    /// Cores of spot nodes.
    pub low_priority_cores: u32,
    /// Pools.
    pub pools: usize,
    /// Jobs that are not completed.
    pub active_jobs: usize,
}

impl Default for Quota {
    /// The largest of the published defaults.
    fn default() -> Self {
        Self { dedicated_cores: 900, low_priority_cores: 100, pools: 100, active_jobs: 300 }
    }
}
