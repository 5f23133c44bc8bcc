//! Remembers which causes of failed claims this process has recorded.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;

/// The tasks whose claims may fail at the same time.
const MAX_TASKS: NonZeroUsize = NonZeroUsize::new(200).expect("it is not zero");

/// The last recorded cause of each task.
#[derive(Debug)]
pub(crate) struct RecordedFailures(Mutex<LruCache<String, String>>);

impl Default for RecordedFailures {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_TASKS)))
    }
}

impl RecordedFailures {
    /// Returns whether the cause differs from the last one of the task.
    pub(crate) fn is_new(&self, task: &str, cause: &str) -> bool {
        let mut recorded = self.0.lock().expect("no holder of this lock can panic");
        let previous = recorded.put(task.to_owned(), cause.to_owned());
        previous.is_none_or(|previous| previous != cause)
    }
}
