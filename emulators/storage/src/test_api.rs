//! Inspection of the stored state by tests and timelines, without a request.

use crate::handlers::blobs::Blobs;
use crate::handlers::queues::Queues;
use crate::state::queue::Message;

/// A message in a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedMessage {
    /// The text as sent; base64 if the sender encoded it.
    pub text: String,
    /// The number of times it was returned by Get Messages.
    pub dequeue_count: u32,
    /// Whether the next Get Messages can return it.
    pub visible: bool,
}

impl Queues {
    /// Returns the messages of a queue in the order in which they are, or become, visible.
    ///
    /// A queue that does not exist has no messages.
    pub fn messages(&self, queue: &str) -> Vec<QueuedMessage> {
        let now = self.service.clock().now();
        let snapshot = self.with_queue(queue, |queue| Ok(queue.snapshot(now))).unwrap_or_default();
        let queued = |(message, visible): (Message, bool)| QueuedMessage {
            text: message.text.to_string(),
            dequeue_count: message.dequeue_count,
            visible,
        };
        snapshot.into_iter().map(queued).collect()
    }
}

impl Blobs {
    /// Returns the names of the blobs of a container; a container that does not exist has none.
    pub fn names(&self, container: &str) -> Vec<String> {
        self.store().names(container)
    }
}
