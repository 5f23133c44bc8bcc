//! The polling delays of a queue, and the disposition of a message.

use std::time::Duration;

use crate::definitions::QueueOptions;

const MIN_POLLING_INTERVAL: Duration = Duration::from_millis(100);
/// The maximum length of a queue name.
const MAX_NAME_LENGTH: usize = 63;

/// The action for a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Disposition {
    /// Delete it: it is processed.
    Delete,
    /// Make it visible again after this delay.
    Release(Duration),
    /// Move it to the poison queue: its attempts are exhausted.
    Poison,
}

/// Decides before an attempt whether the attempts are already exhausted.
pub(super) fn before_attempt(dequeue_count: u32, settings: &QueueOptions) -> Option<Disposition> {
    (dequeue_count > settings.max_dequeue_count).then_some(Disposition::Poison)
}

/// Decides after an attempt.
pub(super) fn after_attempt(
    succeeded: bool,
    dequeue_count: u32,
    settings: &QueueOptions,
) -> Disposition {
    if succeeded {
        Disposition::Delete
    } else if dequeue_count >= settings.max_dequeue_count {
        Disposition::Poison
    } else {
        Disposition::Release(settings.visibility_timeout)
    }
}

/// Returns the name of the poison queue. A poison queue has none, nor a queue whose name is too long.
pub(super) fn poison_queue(queue: &str) -> Option<String> {
    const SUFFIX: &str = "-poison";
    let fits = queue.len() + SUFFIX.len() <= MAX_NAME_LENGTH;
    (fits && !queue.ends_with(SUFFIX)).then(|| format!("{queue}{SUFFIX}"))
}

/// The growing delay between polls of an empty queue.
///
/// The real host randomizes each step by 20 %; the emulator does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    maximum: Duration,
    current: Duration,
    steps: u32,
}

impl Backoff {
    /// Creates a back-off that starts with the minimum delay.
    pub(super) fn new(maximum: Duration) -> Self {
        Self { maximum, current: Duration::ZERO, steps: 0 }
    }

    /// Resets the delay to the minimum, after a poll that returned messages.
    pub(super) fn reset(&mut self) {
        (self.current, self.steps) = (Duration::ZERO, 0);
    }

    /// Returns the delay after a poll that returned no message.
    pub(super) fn next_delay(&mut self) -> Duration {
        if self.current < self.maximum {
            let delay = match self.steps {
                0 => MIN_POLLING_INTERVAL,
                steps => MIN_POLLING_INTERVAL
                    .saturating_add(MIN_POLLING_INTERVAL.saturating_mul(1 << (steps - 1).min(20))),
            };
            self.current = delay.min(self.maximum);
            self.steps += 1;
        }
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_maximum_and_are_reset_by_a_message() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        let mut delay = |found: bool| {
            if found {
                backoff.reset();
            }
            backoff.next_delay().as_millis()
        };
        let delays = [false; 9].map(&mut delay);
        assert_eq!(delays, [100, 200, 300, 500, 900, 1700, 2000, 2000, 2000]);
        assert_eq!([delay(true), delay(false)], [100, 200]);
    }

    #[test]
    fn a_message_is_deleted_released_or_poisoned() {
        let timeout = Duration::from_secs(30);
        let settings = QueueOptions { visibility_timeout: timeout, ..QueueOptions::default() };
        assert_eq!(after_attempt(true, 5, &settings), Disposition::Delete);
        assert_eq!(after_attempt(false, 4, &settings), Disposition::Release(timeout));
        assert_eq!(after_attempt(false, 5, &settings), Disposition::Poison);
        assert_eq!(
            (before_attempt(5, &settings), before_attempt(6, &settings)),
            (None, Some(Disposition::Poison))
        );
    }

    #[test]
    fn a_poison_queue_has_no_poison_queue() {
        assert_eq!(poison_queue("runner-requests").as_deref(), Some("runner-requests-poison"));
        assert_eq!((poison_queue("a-poison"), poison_queue(&"q".repeat(60))), (None, None));
    }
}
