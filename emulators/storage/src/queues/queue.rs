//! Keeps the messages of one queue: who may see which when, and until when each lives.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::QueuedMessage;
use super::receipt::Receipt;
use crate::failure::Failure;
use crate::metadata::Metadata;

/// A queue. Messages are handed out in the order in which they became visible.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What the caller attached to it.
    pub(super) metadata: Metadata,
    messages: HashMap<Uuid, Message>,
    by_visibility: BTreeSet<Place>,
    by_expiry: BTreeSet<(DateTime<Utc>, Uuid)>,
    arrivals: u64,
}

/// A message's place in the order; of two that become visible at once the older comes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    visible_from: DateTime<Utc>,
    arrival: u64,
    id: Uuid,
}

/// A message on a queue.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Its name for as long as it lives.
    pub(super) id: Uuid,
    /// What was sent.
    pub(super) text: Arc<str>,
    /// When it was put.
    pub(super) inserted: DateTime<Utc>,
    /// When it vanishes.
    pub(super) expires: DateTime<Utc>,
    /// From when on it can be handed out.
    pub(super) visible_from: DateTime<Utc>,
    /// How often it was handed out.
    pub(super) dequeue_count: u32,
    /// What proves that a caller was the last to put, get or update it.
    pub(super) receipt: Receipt,
    arrival: u64,
}

/// What a caller puts on a queue.
#[derive(Debug)]
pub(super) struct NewMessage {
    /// Its name.
    pub(super) id: Uuid,
    /// The first receipt.
    pub(super) receipt: Receipt,
    /// The text.
    pub(super) text: Arc<str>,
    /// From when on it can be handed out.
    pub(super) visible_from: DateTime<Utc>,
    /// When it vanishes.
    pub(super) expires: DateTime<Utc>,
}

/// What a caller changes in a message.
#[derive(Debug)]
pub(super) struct Change {
    /// The new text, if there is one.
    pub(super) text: Option<Arc<str>>,
    /// From when on it can be handed out.
    pub(super) visible_from: DateTime<Utc>,
    /// The new receipt.
    pub(super) receipt: Receipt,
}

impl Queue {
    /// Makes an empty queue.
    pub(super) fn with(metadata: Metadata) -> Self {
        Self { metadata, ..Self::default() }
    }

    /// Puts a message.
    pub(super) fn put(&mut self, new: NewMessage, now: DateTime<Utc>) -> Message {
        self.drop_expired(now);
        let NewMessage { id, receipt, text, visible_from, expires } = new;
        self.arrivals += 1;
        let (inserted, arrival, dequeue_count) = (now, self.arrivals, 0);
        let message =
            Message { id, text, inserted, expires, visible_from, dequeue_count, receipt, arrival };
        self.by_visibility.insert(message.place());
        self.by_expiry.insert((expires, id));
        self.messages.insert(id, message.clone());
        message
    }

    /// Hands out up to `count` visible messages and hides them until `hidden_until`.
    pub(super) fn take(
        &mut self,
        count: usize,
        hidden_until: DateTime<Utc>,
        now: DateTime<Utc>,
        mut receipt: impl FnMut() -> Receipt,
    ) -> Vec<Message> {
        self.drop_expired(now);
        let places: Vec<_> = self.visible(now).take(count).collect();
        let hand_out = |place: Place| {
            self.change(place.id, |message| {
                message.dequeue_count += 1;
                message.visible_from = hidden_until;
                message.receipt = receipt();
            })
        };
        places.into_iter().map(hand_out).collect()
    }

    /// Shows up to `count` visible messages and leaves them as they are.
    pub(super) fn peek(&mut self, count: usize, now: DateTime<Utc>) -> Vec<Message> {
        self.drop_expired(now);
        self.visible(now).take(count).map(|place| self.messages[&place.id].clone()).collect()
    }

    /// Changes a message for the holder of its receipt.
    pub(super) fn update(
        &mut self,
        id: Uuid,
        receipt: Receipt,
        change: Change,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let message = self.held(id, receipt, now)?;
        if change.visible_from > message.expires {
            return Err(Failure::INVALID_QUERY_PARAMETER_VALUE
                .because("QueryParameterName", "visibilitytimeout")
                .because("Reason", "the message would become visible after it has expired"));
        }
        self.change(id, |message| {
            message.visible_from = change.visible_from;
            message.receipt = change.receipt;
            if let Some(text) = change.text {
                message.text = text;
            }
        });
        Ok(())
    }

    /// Deletes a message for the holder of its receipt.
    pub(super) fn delete(
        &mut self,
        id: Uuid,
        receipt: Receipt,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.held(id, receipt, now)?;
        self.remove(id);
        Ok(())
    }

    /// Deletes all messages.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.by_visibility.clear();
        self.by_expiry.clear();
    }

    /// Counts the messages, the hidden ones too.
    pub(super) fn count(&mut self, now: DateTime<Utc>) -> usize {
        self.drop_expired(now);
        self.messages.len()
    }

    /// Lists all messages in their order.
    pub(super) fn look_over(&mut self, now: DateTime<Utc>) -> Vec<QueuedMessage> {
        self.drop_expired(now);
        let seen = |place: &Place| {
            let message = &self.messages[&place.id];
            let (text, dequeue_count) = (message.text.to_string(), message.dequeue_count);
            QueuedMessage { text, dequeue_count, visible: place.visible_from <= now }
        };
        self.by_visibility.iter().map(seen).collect()
    }

    fn visible(&self, now: DateTime<Utc>) -> impl Iterator<Item = Place> {
        self.by_visibility.iter().copied().take_while(move |place| place.visible_from <= now)
    }

    fn held(
        &mut self,
        id: Uuid,
        receipt: Receipt,
        now: DateTime<Utc>,
    ) -> Result<&Message, Failure> {
        self.drop_expired(now);
        let message = self.messages.get(&id).ok_or(Failure::MESSAGE_NOT_FOUND)?;
        if message.receipt == receipt { Ok(message) } else { Err(Failure::POP_RECEIPT_MISMATCH) }
    }

    /// Changes a message that is there, and moves it to its new place.
    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Message)) -> Message {
        let message = self.messages.get_mut(&id).expect("the caller found it");
        self.by_visibility.remove(&message.place());
        change(message);
        self.by_visibility.insert(message.place());
        message.clone()
    }

    fn drop_expired(&mut self, now: DateTime<Utc>) {
        while let Some((expires, id)) = self.by_expiry.first().copied()
            && expires <= now
        {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Uuid) {
        if let Some(message) = self.messages.remove(&id) {
            self.by_visibility.remove(&message.place());
            self.by_expiry.remove(&(message.expires, id));
        }
    }
}

impl Message {
    fn place(&self) -> Place {
        Place { visible_from: self.visible_from, arrival: self.arrival, id: self.id }
    }
}

#[cfg(test)]
mod tests;
