//! The rules of an account: quotas, and choices where the documentation leaves room.

use autoscale_formula::Choices;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::timings::{DurationRange, Timings};

/// The rules of an account.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The timings of nodes, in pools that clients add.
    pub timings: Timings,
    /// The quota.
    pub quota: Quota,
    /// Whether Add Task is rejected while the job is disabled.
    pub disabled_jobs_reject_tasks: bool,
    /// Whether Enable Job is rejected until the running tasks of a job that is being disabled have ended.
    ///
    /// The documentation says that a disabled job can be enabled, and nothing about one that is being disabled.
    pub disabling_jobs_reject_enable: bool,
    /// Whether a formula is evaluated immediately when scaling is enabled, not only when a pool is
    /// added.
    ///
    /// Reports contradict each other: ga4gh/tes-azure#176 observed it, CDCgov/cfa_azure#211 did
    /// not.
    pub evaluate_when_enabled: bool,
    /// Whether an evaluation that confirms the current targets retries a failed resize.
    ///
    /// If not, a pool keeps its size after a failed resize until its formula returns other targets,
    /// or scaling is disabled and enabled again. ga4gh/tes-azure works around this behaviour.
    pub retry_failed_resize: bool,
    /// The age of the newest sample that formulas see. It is chosen for each sample; short
    /// lags are more probable.
    ///
    /// Captures of the service have all six samples of 180 s (Azure/Batch#120), and 29 or 30 of the
    /// 30 samples of 15 minutes (Azure/doAzureParallel#215).
    pub sample_lag: DurationRange,
    /// How long samples are kept.
    pub sample_history: TimeDelta,
    /// The choices where the documentation of formulas is silent.
    pub formulas: Choices,
    /// The maximum time after the last change that an auto-advancing clock skips.
    pub max_auto_advance: TimeDelta,
    /// How long after a change by a client an auto-advancing clock runs in real time, so that the
    /// client's next call finds the state that it has caused.
    pub hold_after_change: TimeDelta,
    /// How long after the end of a program, or an access to a file, an auto-advancing clock does not
    /// skip time without a waiting task, so that clients can read files before nodes leave.
    pub hold_for_files: TimeDelta,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timings: Timings::REPORTED,
            quota: Quota::default(),
            disabled_jobs_reject_tasks: false,
            disabling_jobs_reject_enable: false,
            evaluate_when_enabled: false,
            retry_failed_resize: false,
            sample_lag: DurationRange::seconds(0, 60),
            sample_history: TimeDelta::hours(24),
            formulas: Choices::default(),
            max_auto_advance: TimeDelta::hours(3),
            hold_after_change: TimeDelta::seconds(2),
            hold_for_files: TimeDelta::seconds(30),
        }
    }
}

/// The quota of an account.
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
    /// The largest published defaults.
    fn default() -> Self {
        Self { dedicated_cores: 900, low_priority_cores: 100, pools: 100, active_jobs: 300 }
    }
}
