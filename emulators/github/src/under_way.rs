//! The requests that are under way at the same time, of which GitHub allows a caller 100.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// Maximum number of requests of one caller at the same time.
const MAX_REQUESTS: usize = 100;
/// From this number on, a request takes as long as one of a busy GitHub. The emulator would otherwise respond before
/// the other requests of a burst arrive.
const BUSY: usize = 20;
const BUSY_DURATION: Duration = Duration::from_millis(20);

/// The number of requests that are under way, by [`Caller::rate_limit_key`](crate::auth::Caller::rate_limit_key).
#[derive(Debug, Default)]
pub(crate) struct RequestsUnderWay(Mutex<BTreeMap<String, usize>>);

/// A request that is under way until this is dropped.
pub(crate) struct UnderWay<'a> {
    all: &'a RequestsUnderWay,
    caller: String,
    count: usize,
}

impl RequestsUnderWay {
    /// Counts a request of a caller.
    pub(crate) fn enter(&self, caller: &str) -> UnderWay<'_> {
        let mut counts = self.counts();
        let count = counts.entry(caller.to_owned()).or_default();
        *count += 1;
        UnderWay { all: self, caller: caller.to_owned(), count: *count }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl UnderWay<'_> {
    /// Returns whether it is one of at most 100, after the other requests of a burst have arrived.
    pub(crate) async fn is_allowed(&self) -> bool {
        if self.count > MAX_REQUESTS {
            return false;
        }
        if self.count > BUSY {
            tokio::time::sleep(BUSY_DURATION).await;
        } else {
            tokio::task::yield_now().await;
        }
        true
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut counts = self.all.counts();
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}
