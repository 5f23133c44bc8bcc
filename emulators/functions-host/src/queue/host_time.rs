//! The time that the host itself spends on each message.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// The time of a host, of which each message takes an equal part, one after the other.
///
/// It limits the messages of a second, whatever the number of invocations at once is.
#[derive(Debug)]
pub(super) struct HostTime {
    cost: Duration,
    taken_until: Mutex<DateTime<Utc>>,
}

impl HostTime {
    /// Creates the time of a host that spends `cost` on each message.
    pub(super) fn new(cost: Duration) -> Self {
        Self { cost, taken_until: Mutex::new(DateTime::UNIX_EPOCH) }
    }

    /// Takes the time for a message at `now`; returns when it has passed, or `None` if a message takes no time.
    pub(super) fn take(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.cost.is_zero() {
            return None;
        }
        let mut taken_until = self.taken_until();
        *taken_until = now.max(*taken_until) + self.cost;
        Some(*taken_until)
    }

    fn taken_until(&self) -> MutexGuard<'_, DateTime<Utc>> {
        self.taken_until.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_take_their_time_one_after_another() {
        let at = |micros| DateTime::from_timestamp_micros(micros).expect("a time");
        let host = HostTime::new(Duration::from_micros(1750));
        let done = [0, 0, 1000, 20_000].map(|now| host.take(at(now)));
        assert_eq!(done, [1750, 3500, 5250, 21_750].map(|micros| Some(at(micros))));
        assert_eq!(HostTime::new(Duration::ZERO).take(at(0)), None);
    }
}
