//! Keeps the last status report for a few seconds.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::status_report::StatusReport;

/// The last status report of this process. The holder of the lock collects a new one while other requests wait for it.
#[derive(Debug, Default)]
pub(crate) struct StatusCache(Mutex<Option<Arc<StatusReport>>>);

impl StatusCache {
    /// Waits for the lock, and returns the last report under it.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Option<Arc<StatusReport>>> {
        self.0.lock().await
    }

    /// Discards the last report, and prevents collection of a new one while the guard is held.
    pub(crate) async fn invalidate(&self) -> MutexGuard<'_, Option<Arc<StatusReport>>> {
        let mut last = self.0.lock().await;
        *last = None;
        last
    }
}
