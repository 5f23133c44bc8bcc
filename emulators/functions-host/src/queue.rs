//! Polls a storage queue and hands its messages to a function.
//!
//! A message that is taken stays invisible for ten minutes, whatever the settings say, and for ten more
//! at every half of that while its function runs. So a host that dies with a message in work keeps it from
//! everybody for up to ten minutes.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinSet;

use super::definitions::{Encoding, Function, Queues};
use super::envelope;
use super::invoke::{Core, Failure};

mod connection;
mod message;
mod polling;
mod storage;

pub use connection::BadConnection;
pub(super) use connection::Connection;
pub(super) use message::Message;
use polling::{Backoff, Next};
use storage::{Queue, StorageError};

/// How long a taken message stays invisible.
const LOCK: Duration = Duration::from_secs(10 * 60);
/// When the lock is renewed.
const RENEWAL: Duration = Duration::from_secs(5 * 60);

/// A queue, and the function that its messages trigger.
pub(super) struct Listener {
    core: Arc<Core>,
    function: Function,
    binding: String,
    queue: Queue,
}

impl Listener {
    /// Makes a listener for a function with a queue trigger.
    pub(super) fn new(
        core: Arc<Core>,
        function: Function,
        binding: String,
        queue: &str,
        connection: &Connection,
    ) -> Arc<Self> {
        let queue = Queue::new(connection, queue, core.site.clock.clone(), core.to_storage.clone());
        Arc::new(Self { core, function, binding, queue })
    }

    /// Polls until the host has given the function's process up.
    pub(super) async fn listen(self: Arc<Self>) {
        let settings = &self.core.app.host.queues;
        let mut backoff = Backoff::new(settings.max_polling_interval);
        let mut working = JoinSet::new();
        while !self.core.worker(&self.function).is_stopped() {
            let batch = self.take(settings.batch_size).await;
            while working.try_join_next().is_some() {}
            if batch.is_empty() {
                let clock = &self.core.site.clock;
                clock.sleep_until(clock.now() + backoff.after_nothing()).await;
                continue;
            }
            backoff.found();
            for message in batch {
                working.spawn(Arc::clone(&self).work(message));
            }
            while working.len() > settings.new_batch_threshold {
                working.join_next().await;
            }
        }
    }

    async fn take(&self, count: usize) -> Vec<Message> {
        match self.queue.get_messages(count, LOCK).await {
            Ok(batch) => batch,
            // The host does not make the queue that it listens to; whoever sends first does.
            Err(StorageError::Missing) => Vec::new(),
            Err(err) => {
                tracing::warn!(
                    queue = self.queue.name(),
                    err = &err as &dyn std::error::Error,
                    "poll failed"
                );
                Vec::new()
            }
        }
    }

    async fn work(self: Arc<Self>, mut message: Message) {
        let settings = &self.core.app.host.queues;
        let next = match polling::before(message.dequeue_count, settings) {
            Some(next) => next,
            None => match decode(&message.text, settings) {
                Some(text) => match self.run(&mut message, &text).await {
                    // It stays invisible until its lock ends.
                    Err(Failure::InstanceLost) => return,
                    outcome => polling::after(outcome.is_ok(), message.dequeue_count, settings),
                },
                // Trying again would not make it base64.
                None => Next::Poison,
            },
        };
        if let Err(err) = self.settle(next, &message).await {
            let (queue, id) = (self.queue.name(), message.id.as_str());
            tracing::warn!(queue, id, err = &err as &dyn std::error::Error, "message not settled");
        }
    }

    async fn run(&self, message: &mut Message, text: &str) -> Result<(), Failure> {
        let sys = self.core.sys(&self.function);
        let payload = envelope::of_message(&self.binding, text, message, &sys);
        let invocation = self.core.invoke(&self.function, &payload);
        tokio::pin!(invocation);
        let clock = &self.core.site.clock;
        loop {
            let renewal = clock.sleep_until(clock.now() + RENEWAL);
            tokio::select! {
                biased;
                outcome = &mut invocation => return outcome.map(drop),
                () = renewal => self.renew(message).await,
            }
        }
    }

    async fn renew(&self, message: &mut Message) {
        match self.queue.update_visibility(message, LOCK).await {
            Ok(pop_receipt) => message.pop_receipt = pop_receipt,
            Err(err) => tracing::debug!(id = message.id, %err, "lock not renewed"),
        }
    }

    async fn settle(&self, next: Next, message: &Message) -> Result<(), StorageError> {
        let settled = match next {
            Next::Delete => self.queue.delete(message).await,
            Next::Release(after) => self.queue.update_visibility(message, after).await.map(drop),
            Next::Poison => match polling::poison_queue(self.queue.name()) {
                Some(name) => {
                    let poison = self.queue.sibling(&name);
                    tracing::warn!(
                        queue = name,
                        id = message.id,
                        "message moved to the poison queue"
                    );
                    poison.put_creating(&message.text).await?;
                    self.queue.delete(message).await
                }
                // It stays invisible until its lock ends.
                None => Ok(()),
            },
        };
        match settled {
            // Somebody else has taken or deleted it meanwhile; it is theirs now.
            Err(StorageError::Missing | StorageError::TakenOver) => Ok(()),
            other => other,
        }
    }
}

fn decode(text: &str, settings: &Queues) -> Option<String> {
    match settings.encoding {
        Encoding::Plain => Some(text.to_owned()),
        Encoding::Base64 => {
            let bytes = STANDARD.decode(text.trim()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}
