//! A queue: its messages with their visibility and expiry.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::pop_receipt::PopReceipt;
use crate::dto::metadata::Metadata;
use crate::error::StorageError;

/// A queue. Get Messages returns messages in the order in which they became visible.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// The caller's metadata.
    pub(crate) metadata: Metadata,
    messages: HashMap<Uuid, Message>,
    by_visibility: BTreeSet<Position>,
    by_expiry: BTreeSet<(DateTime<Utc>, Uuid)>,
    arrivals: u64,
}

/// The position of a message; of two that become visible at the same time, the older is first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Position {
    visible_from: DateTime<Utc>,
    arrival: u64,
    id: Uuid,
}

/// A message in a queue.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The id, which does not change.
    pub(crate) id: Uuid,
    /// The text as sent.
    pub(crate) text: Arc<str>,
    /// The time at which it was put.
    pub(crate) inserted: DateTime<Utc>,
    /// The time at which it is removed.
    pub(crate) expires: DateTime<Utc>,
    /// The time from which Get Messages can return it.
    pub(crate) visible_from: DateTime<Utc>,
    /// The number of times Get Messages returned it.
    pub(crate) dequeue_count: u32,
    /// The receipt of the last put, get or update.
    pub(crate) receipt: PopReceipt,
    arrival: u64,
}

/// A message to put.
#[derive(Debug)]
pub(crate) struct NewMessage {
    /// The id.
    pub(crate) id: Uuid,
    /// The first receipt.
    pub(crate) receipt: PopReceipt,
    /// The text.
    pub(crate) text: Arc<str>,
    /// The time from which Get Messages can return it.
    pub(crate) visible_from: DateTime<Utc>,
    /// The time at which it is removed.
    pub(crate) expires: DateTime<Utc>,
}

/// The changes of Update Message.
#[derive(Debug)]
pub(crate) struct Change {
    /// The new text, if any.
    pub(crate) text: Option<Arc<str>>,
    /// The time from which Get Messages can return it.
    pub(crate) visible_from: DateTime<Utc>,
    /// The new receipt.
    pub(crate) receipt: PopReceipt,
}

impl Queue {
    /// Creates an empty queue.
    pub(crate) fn new(metadata: Metadata) -> Self {
        Self { metadata, ..Self::default() }
    }

    /// Adds a message.
    pub(crate) fn put(&mut self, new: NewMessage, now: DateTime<Utc>) -> Message {
        self.drop_expired(now);
        let NewMessage { id, receipt, text, visible_from, expires } = new;
        self.arrivals += 1;
        let (inserted, arrival, dequeue_count) = (now, self.arrivals, 0);
        let message =
            Message { id, text, inserted, expires, visible_from, dequeue_count, receipt, arrival };
        self.by_visibility.insert(message.position());
        self.by_expiry.insert((expires, id));
        self.messages.insert(id, message.clone());
        message
    }

    /// Returns up to `count` visible messages and hides them until `hidden_until`.
    pub(crate) fn get(
        &mut self,
        count: usize,
        hidden_until: DateTime<Utc>,
        now: DateTime<Utc>,
        mut new_receipt: impl FnMut() -> PopReceipt,
    ) -> Vec<Message> {
        self.drop_expired(now);
        let positions: Vec<_> = self.visible(now).take(count).collect();
        let hide = |position: Position| {
            self.change(position.id, |message| {
                message.dequeue_count += 1;
                message.visible_from = hidden_until;
                message.receipt = new_receipt();
            })
        };
        positions.into_iter().map(hide).collect()
    }

    /// Returns up to `count` visible messages without changing them.
    pub(crate) fn peek(&mut self, count: usize, now: DateTime<Utc>) -> Vec<Message> {
        self.drop_expired(now);
        self.visible(now).take(count).map(|position| self.messages[&position.id].clone()).collect()
    }

    /// Changes a message, if `receipt` is its latest receipt.
    pub(crate) fn update(
        &mut self,
        id: Uuid,
        receipt: PopReceipt,
        change: Change,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let message = self.find_held(id, receipt, now)?;
        if change.visible_from > message.expires {
            return Err(StorageError::INVALID_QUERY_PARAMETER_VALUE
                .with_detail("QueryParameterName", "visibilitytimeout")
                .with_detail("Reason", "the message would become visible after it has expired"));
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

    /// Deletes a message, if `receipt` is its latest receipt.
    pub(crate) fn delete(
        &mut self,
        id: Uuid,
        receipt: PopReceipt,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.find_held(id, receipt, now)?;
        self.remove(id);
        Ok(())
    }

    /// Deletes all messages.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.by_visibility.clear();
        self.by_expiry.clear();
    }

    /// Returns the number of messages, including hidden ones.
    pub(crate) fn count(&mut self, now: DateTime<Utc>) -> usize {
        self.drop_expired(now);
        self.messages.len()
    }

    /// Returns all messages in their order, and whether each is visible.
    pub(crate) fn snapshot(&mut self, now: DateTime<Utc>) -> Vec<(Message, bool)> {
        self.drop_expired(now);
        let entry = |position: &Position| {
            (self.messages[&position.id].clone(), position.visible_from <= now)
        };
        self.by_visibility.iter().map(entry).collect()
    }

    fn visible(&self, now: DateTime<Utc>) -> impl Iterator<Item = Position> {
        self.by_visibility.iter().copied().take_while(move |position| position.visible_from <= now)
    }

    fn find_held(
        &mut self,
        id: Uuid,
        receipt: PopReceipt,
        now: DateTime<Utc>,
    ) -> Result<&Message, StorageError> {
        self.drop_expired(now);
        let message = self.messages.get(&id).ok_or(StorageError::MESSAGE_NOT_FOUND)?;
        if message.receipt == receipt {
            Ok(message)
        } else {
            Err(StorageError::POP_RECEIPT_MISMATCH)
        }
    }

    /// Changes an existing message, and moves it to its new position.
    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Message)) -> Message {
        let message = self.messages.get_mut(&id).expect("the caller found it");
        self.by_visibility.remove(&message.position());
        change(message);
        self.by_visibility.insert(message.position());
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
            self.by_visibility.remove(&message.position());
            self.by_expiry.remove(&(message.expires, id));
        }
    }
}

impl Message {
    fn position(&self) -> Position {
        Position { visible_from: self.visible_from, arrival: self.arrival, id: self.id }
    }
}

#[cfg(test)]
mod tests;
