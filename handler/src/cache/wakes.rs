//! Remembers when this process last began to wake each pool.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use crate::wake::MIN_INTERVAL;

/// When each pool was last woken by this process.
#[derive(Debug, Default)]
pub(crate) struct WakeCache(Mutex<BTreeMap<String, DateTime<Utc>>>);

impl WakeCache {
    /// Returns whether a pool may be woken now, and records it: of all invocations in a minute, one may.
    pub(crate) fn begin(&self, pool: &str, now: DateTime<Utc>) -> bool {
        let mut begun = self.0.lock().expect("no holder of this lock can panic");
        if begun.get(pool).is_some_and(|at| now - *at < MIN_INTERVAL) {
            return false;
        }
        begun.insert(pool.to_owned(), now);
        true
    }
}
