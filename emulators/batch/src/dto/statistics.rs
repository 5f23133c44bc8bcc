//! Statistics of tasks.

use serde::Serialize;

use super::{IsoDuration, Timestamp};

/// The resource usage of a task. The counts of operations are JSON strings.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskStatistics {
    pub(crate) url: String,
    pub(crate) start_time: Timestamp,
    pub(crate) last_update_time: Timestamp,
    #[serde(rename = "userCPUTime")]
    pub(crate) user_cpu_time: IsoDuration,
    #[serde(rename = "kernelCPUTime")]
    pub(crate) kernel_cpu_time: IsoDuration,
    pub(crate) wall_clock_time: IsoDuration,
    #[serde(rename = "readIOps")]
    pub(crate) read_iops: &'static str,
    #[serde(rename = "writeIOps")]
    pub(crate) write_iops: &'static str,
    #[serde(rename = "readIOGiB")]
    pub(crate) read_io_gib: f64,
    #[serde(rename = "writeIOGiB")]
    pub(crate) write_io_gib: f64,
    pub(crate) wait_time: IsoDuration,
}
