//! Keeps what the blobs of the history say. A blob that only grows says the same as long as it has the same length.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::history::{BlobName, Part};

/// The aggregated blobs that this process has read, each with its length.
#[derive(Debug, Default)]
pub(crate) struct HistoryCache(Mutex<BTreeMap<BlobName, (u64, Arc<Part>)>>);

impl HistoryCache {
    /// Returns a blob, if it still has this length.
    pub(crate) fn get(&self, name: BlobName, length: u64) -> Option<Arc<Part>> {
        let parts = self.parts();
        parts.get(&name).filter(|(read, _)| *read == length).map(|(_, part)| Arc::clone(part))
    }

    /// Keeps a blob.
    pub(crate) fn keep(&self, name: BlobName, length: u64, part: Arc<Part>) {
        self.parts().insert(name, (length, part));
    }

    /// Drops the blobs that are not listed any more.
    pub(crate) fn retain(&self, listed: &[(BlobName, u64)]) {
        self.parts().retain(|name, _| listed.binary_search_by_key(name, |(name, _)| *name).is_ok());
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<BlobName, (u64, Arc<Part>)>> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}
