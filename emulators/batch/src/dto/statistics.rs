//! What tasks have used.

use serde::Serialize;

use super::{IsoDuration, Timestamp};

/// What a task has used so far. The properties that count operations are texts on the wire.
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
