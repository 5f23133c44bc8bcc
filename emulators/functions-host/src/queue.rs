//! The queue trigger: polls a storage queue, and invokes a function for each message.
//!
//! A message is invisible for ten minutes after a poll, independent of all settings. While its function runs,
//! the host renews that lock every five minutes. If a host ends while it processes a message, no other host
//! can get the message for up to ten minutes.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinSet;

use crate::definitions::{Encoding, Function, QueueOptions};
use crate::dto::payload;
use crate::dto::queue_message::Message;
use crate::dto::results::Results;
use crate::error::InvocationError;
use crate::invoker::Invoker;

mod client;
pub(crate) mod connection;
mod host_time;
mod polling;
mod shared_key;

use client::{QueueClient, StorageError};
pub(super) use connection::Connection;
use host_time::HostTime;
use polling::{Backoff, Disposition};

/// The time for which a message is invisible after a poll or a renewal.
const LOCK_TTL: Duration = Duration::from_secs(10 * 60);
/// The interval in which the lock of a message is renewed.
const LOCK_RENEWAL_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A queue, and the function that its messages trigger.
pub(super) struct QueueListener {
    invoker: Arc<Invoker>,
    function: Function,
    binding: String,
    queue: QueueClient,
    host_time: HostTime,
}

impl QueueListener {
    /// Creates a listener for a function with a queue trigger.
    pub(super) fn new(
        invoker: Arc<Invoker>,
        function: Function,
        binding: String,
        queue: &str,
        connection: &Connection,
    ) -> Arc<Self> {
        let (clock, client) = (invoker.events.clock.clone(), invoker.storage_client.clone());
        let queue = QueueClient::new(connection, queue, clock, client);
        let host_time = HostTime::new(invoker.message_cost);
        Arc::new(Self { invoker, function, binding, queue, host_time })
    }

    /// Polls until the host has stopped.
    pub(super) async fn listen(self: Arc<Self>) {
        let settings = &self.invoker.app.host.queues;
        let mut backoff = Backoff::new(settings.max_polling_interval);
        let mut processing = JoinSet::new();
        // A host that has ended polls nothing; the platform starts another.
        while self.invoker.worker(&self.function).until_running().await {
            let batch = self.poll(settings.batch_size).await;
            while processing.try_join_next().is_some() {}
            if batch.is_empty() {
                let clock = &self.invoker.events.clock;
                clock.sleep_until(clock.now() + backoff.next_delay()).await;
                continue;
            }
            backoff.reset();
            for message in batch {
                processing.spawn(Arc::clone(&self).process(message));
            }
            while processing.len() > settings.new_batch_threshold {
                processing.join_next().await;
            }
        }
    }

    async fn poll(&self, count: usize) -> Vec<Message> {
        match self.queue.get_messages(count, LOCK_TTL).await {
            Ok(batch) => batch,
            // The host does not create the queue that it polls; the first sender does.
            Err(StorageError::NotFound) => Vec::new(),
            Err(err) => {
                tracing::warn!(
                    queue = self.queue.name(),
                    err = &err as &dyn std::error::Error,
                    "poll of queue {} failed",
                    self.queue.name()
                );
                Vec::new()
            }
        }
    }

    async fn process(self: Arc<Self>, mut message: Message) {
        // A host that shuts down also waits for the deletion.
        let _in_work = self.invoker.worker(&self.function).instance().begin();
        let settings = &self.invoker.app.host.queues;
        let text = match polling::before_attempt(message.dequeue_count, settings) {
            // Another attempt would not decode it either.
            None => decode(&message.text, settings).ok_or(Disposition::Poison),
            Some(disposition) => Err(disposition),
        };
        let text = match text {
            Ok(text) => text,
            Err(disposition) => return self.settle(disposition, &message).await,
        };
        let clock = &self.invoker.events.clock;
        if let Some(at) = self.host_time.take(clock.now()) {
            clock.sleep_until(at).await;
        }
        let outcome = self.run(&mut message, &text).await;
        // A message whose instance was lost stays invisible until its lock expires.
        if !outcome.as_ref().is_err_and(InvocationError::is_loss) {
            let count = message.dequeue_count;
            self.settle(polling::after_attempt(outcome.is_ok(), count, settings), &message).await;
        }
        self.invoker.report(&self.function, &outcome);
    }

    async fn settle(&self, disposition: Disposition, message: &Message) {
        if let Err(err) = self.try_settle(disposition, message).await {
            let (queue, id) = (self.queue.name(), message.id.as_str());
            tracing::warn!(
                queue,
                id,
                err = &err as &dyn std::error::Error,
                "message {} not settled",
                message.id
            );
        }
    }

    async fn run(
        &self,
        message: &mut Message,
        text: &str,
    ) -> Result<(u16, Results), InvocationError> {
        let sys = self.invoker.sys(&self.function);
        let payload = payload::of_message(&self.binding, text, message, &sys);
        let invocation = self.invoker.attempt(&self.function, &payload);
        tokio::pin!(invocation);
        let clock = &self.invoker.events.clock;
        loop {
            let renewal = clock.sleep_until(clock.now() + LOCK_RENEWAL_INTERVAL);
            tokio::select! {
                biased;
                outcome = &mut invocation => return outcome,
                () = renewal => self.renew(message).await,
            }
        }
    }

    async fn renew(&self, message: &mut Message) {
        match self.queue.update_visibility(message, LOCK_TTL).await {
            Ok(pop_receipt) => message.pop_receipt = pop_receipt,
            Err(err) => {
                tracing::debug!(id = message.id, %err, "lock of message {} not renewed", message.id)
            }
        }
    }

    async fn try_settle(
        &self,
        disposition: Disposition,
        message: &Message,
    ) -> Result<(), StorageError> {
        let settled = match disposition {
            Disposition::Delete => self.queue.delete(message).await,
            Disposition::Release(delay) => {
                self.queue.update_visibility(message, delay).await.map(drop)
            }
            Disposition::Poison => match polling::poison_queue(self.queue.name()) {
                Some(name) => {
                    let poison_queue = self.queue.with_name(&name);
                    tracing::warn!(
                        queue = name,
                        id = message.id,
                        "message {} moved to the poison queue {name}",
                        message.id
                    );
                    poison_queue.put_message_creating_queue(&message.text).await?;
                    self.queue.delete(message).await
                }
                // It stays invisible until its lock expires.
                None => Ok(()),
            },
        };
        match settled {
            // Another consumer has got or deleted the message in the meantime, so it is no longer ours.
            Err(StorageError::NotFound | StorageError::ReceiptMismatch) => Ok(()),
            other => other,
        }
    }
}

fn decode(text: &str, settings: &QueueOptions) -> Option<String> {
    match settings.encoding {
        Encoding::Plain => Some(text.to_owned()),
        Encoding::Base64 => {
            let bytes = STANDARD.decode(text.trim()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}
