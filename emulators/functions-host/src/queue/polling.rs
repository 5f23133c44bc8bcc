//! Decides when a queue is polled next, and what becomes of a message.

use std::time::Duration;

use crate::definitions::Queues;

const SHORTEST: Duration = Duration::from_millis(100);
/// The longest name that storage allows a queue.
const NAME_LIMIT: usize = 63;

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// It is done: out of the queue.
    Delete,
    /// It is tried again after this time.
    Release(Duration),
    /// It is given up: into the poison queue.
    Poison,
}

/// Decides before a message is tried: one that was tried too often is not tried again.
pub(super) fn before(dequeue_count: u32, settings: &Queues) -> Option<Next> {
    (dequeue_count > settings.max_dequeue_count).then_some(Next::Poison)
}

/// Decides after a try.
pub(super) fn after(succeeded: bool, dequeue_count: u32, settings: &Queues) -> Next {
    if succeeded {
        Next::Delete
    } else if dequeue_count >= settings.max_dequeue_count {
        Next::Poison
    } else {
        Next::Release(settings.visibility_timeout)
    }
}

/// Names the poison queue of a queue; one that is a poison queue itself, or whose name is too long, has none.
pub(super) fn poison_queue(queue: &str) -> Option<String> {
    const SUFFIX: &str = "-poison";
    let fits = queue.len() + SUFFIX.len() <= NAME_LIMIT;
    (fits && !queue.ends_with(SUFFIX)).then(|| format!("{queue}{SUFFIX}"))
}

/// The growing wait between polls of an empty queue.
///
/// The real host varies each step by a fifth at random; this one does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    longest: Duration,
    current: Duration,
    steps: u32,
}

impl Backoff {
    /// Starts with the shortest wait.
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest, current: Duration::ZERO, steps: 0 }
    }

    /// Learns that the queue held something: the next wait is the shortest again.
    pub(super) fn found(&mut self) {
        (self.current, self.steps) = (Duration::ZERO, 0);
    }

    /// Tells how long to wait after a poll that found nothing.
    pub(super) fn after_nothing(&mut self) -> Duration {
        if self.current < self.longest {
            let grown = match self.steps {
                0 => SHORTEST,
                steps => SHORTEST.saturating_add(SHORTEST.saturating_mul(1 << (steps - 1).min(20))),
            };
            self.current = grown.min(self.longest);
            self.steps += 1;
        }
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_start_anew_with_a_message() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        let mut wait = |found: bool| {
            if found {
                backoff.found();
            }
            backoff.after_nothing().as_millis()
        };
        let waits = [false; 9].map(&mut wait);
        assert_eq!(waits, [100, 200, 300, 500, 900, 1700, 2000, 2000, 2000]);
        assert_eq!([wait(true), wait(false)], [100, 200]);
    }

    #[test]
    fn a_message_is_deleted_tried_again_or_given_up() {
        let wait = Duration::from_secs(30);
        let settings = Queues { visibility_timeout: wait, ..Queues::default() };
        assert_eq!(after(true, 5, &settings), Next::Delete);
        assert_eq!(after(false, 4, &settings), Next::Release(wait));
        assert_eq!(after(false, 5, &settings), Next::Poison);
        assert_eq!((before(5, &settings), before(6, &settings)), (None, Some(Next::Poison)));
    }

    #[test]
    fn a_poison_queue_has_no_poison_queue() {
        assert_eq!(poison_queue("runner-requests").as_deref(), Some("runner-requests-poison"));
        assert_eq!((poison_queue("a-poison"), poison_queue(&"q".repeat(60))), (None, None));
    }
}
