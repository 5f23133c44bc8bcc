//! The operations on messages.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use uuid::Uuid;

use emulator_core::events::EventKind;
use emulator_core::service::Response;

use super::{Call, Queues};
use crate::api_version::ApiVersion;
use crate::dto::queues::{QueueMessagesList, parse_message};
use crate::error::StorageError;
use crate::response::{HttpDate, empty, insert_text, uncached, xml};
use crate::state::pop_receipt::PopReceipt;
use crate::state::queue::{Change, NewMessage};

/// The maximum length of a text, in bytes of UTF-8.
const MAX_TEXT_BYTES: usize = 64 << 10;
const MAX_VISIBILITY_TIMEOUT_SECONDS: i64 = 7 * 24 * 3600;
/// The visibility timeout of Get Messages if the request has none.
const DEFAULT_VISIBILITY_TIMEOUT: TimeDelta = TimeDelta::seconds(30);
/// The time to live of a message if the request has none.
const DEFAULT_TTL: TimeDelta = TimeDelta::days(7);
/// The maximum number of messages of one Get Messages or Peek Messages.
const MAX_MESSAGES: i64 = 32;
/// The expiration time that the service returns for a message that never expires.
const NO_EXPIRY: DateTime<Utc> =
    DateTime::from_timestamp(253_402_300_799, 0).expect("a time in the year 9999");

impl Queues {
    pub(super) fn put_message(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let now = call.context.received_at;
        let text = text_of(call)?;
        let hidden = call
            .query
            .number("visibilitytimeout", 0..=MAX_VISIBILITY_TIMEOUT_SECONDS)?
            .unwrap_or(0);
        let new = NewMessage {
            id: self.service.next_id(),
            receipt: PopReceipt(self.service.next_id()),
            text: Arc::from(text),
            visible_from: now + TimeDelta::seconds(hidden),
            expires: expiry(call, hidden)?,
        };
        let message = self.with_queue(&call.path.resource, |queue| Ok(queue.put(new, now)))?;
        self.service.emit(EventKind::MessagePut {
            queue: call.path.resource.to_string(),
            text: message.text.to_string(),
        });
        if call.context.version < ApiVersion::MESSAGE_IN_PUT {
            return Ok(empty(StatusCode::CREATED));
        }
        let list = QueueMessagesList::put(&message);
        Ok(xml(StatusCode::CREATED, "QueueMessagesList", &list))
    }

    pub(super) fn get_messages(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let now = call.context.received_at;
        let count = count_of(call)?;
        let hidden = call.query.number("visibilitytimeout", 1..=MAX_VISIBILITY_TIMEOUT_SECONDS)?;
        let hidden = hidden.map_or(DEFAULT_VISIBILITY_TIMEOUT, TimeDelta::seconds);
        let new_receipt = || PopReceipt(self.service.next_id());
        let messages = self.with_queue(&call.path.resource, |queue| {
            Ok(queue.get(count, now + hidden, now, new_receipt))
        })?;
        let list = QueueMessagesList::got(&messages);
        Ok(uncached(xml(StatusCode::OK, "QueueMessagesList", &list)))
    }

    pub(super) fn peek_messages(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (count, now) = (count_of(call)?, call.context.received_at);
        let messages = self.with_queue(&call.path.resource, |queue| Ok(queue.peek(count, now)))?;
        let list = QueueMessagesList::peeked(&messages);
        Ok(uncached(xml(StatusCode::OK, "QueueMessagesList", &list)))
    }

    pub(super) fn clear_messages(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        self.with_queue(&call.path.resource, |queue| {
            queue.clear();
            Ok(empty(StatusCode::NO_CONTENT))
        })
    }

    pub(super) fn update_message(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let now = call.context.received_at;
        let body = call.request.body();
        let text = if body.is_empty() { None } else { Some(Arc::from(text_of(call)?)) };
        call.query.require("visibilitytimeout")?;
        let hidden = call
            .query
            .number("visibilitytimeout", 0..=MAX_VISIBILITY_TIMEOUT_SECONDS)?
            .unwrap_or_default();
        let visible_from = now + TimeDelta::seconds(hidden);
        let (id, receipt_held) = message_of(call)?;
        let receipt = PopReceipt(self.service.next_id());
        let change = Change { text, visible_from, receipt };
        self.with_queue(&call.path.resource, |queue| queue.update(id, receipt_held, change, now))?;
        let mut response = empty(StatusCode::NO_CONTENT);
        insert_text(response.headers_mut(), "x-ms-popreceipt", &receipt);
        insert_text(response.headers_mut(), "x-ms-time-next-visible", &HttpDate(visible_from));
        Ok(response)
    }

    pub(super) fn delete_message(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (id, receipt_held) = message_of(call)?;
        self.with_queue(&call.path.resource, |queue| {
            queue.delete(id, receipt_held, call.context.received_at)
        })?;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

fn text_of(call: &Call<'_>) -> Result<String, StorageError> {
    call.require_length()?;
    let text = parse_message(call.request.body())?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(StorageError::REQUEST_BODY_TOO_LARGE
            .with_detail("MaxLimit", MAX_TEXT_BYTES.to_string()));
    }
    Ok(text)
}

fn count_of(call: &Call<'_>) -> Result<usize, StorageError> {
    let count = call.query.number("numofmessages", 1..=MAX_MESSAGES)?.unwrap_or(1);
    Ok(usize::try_from(count).expect("it is between 1 and 32"))
}

/// Returns the message id and the pop receipt of a request.
fn message_of(call: &Call<'_>) -> Result<(Uuid, PopReceipt), StorageError> {
    let text = call.query.require("popreceipt")?;
    // Recorded: https://github.com/Azure/azure-sdk-for-js/blob/ebc663f3a88ab291514bcdf46d1c8a855a5ce69e/sdk/storage/storage-queue/recordings/node/messageidclient/recording_delete_message_negative.js
    let receipt = PopReceipt::parse(text).ok_or_else(|| {
        StorageError::INVALID_QUERY_PARAMETER_VALUE
            .with_detail("QueryParameterName", "popreceipt")
            .with_detail("QueryParameterValue", text)
            .with_detail("Reason", "Invalid pop receipt format")
    })?;
    let id = call.path.rest.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let id = Uuid::try_parse(id).map_err(|_| StorageError::MESSAGE_NOT_FOUND)?;
    Ok((id, receipt))
}

fn expiry(call: &Call<'_>, hidden: i64) -> Result<DateTime<Utc>, StorageError> {
    let now = call.context.received_at;
    let invalid = |name: &'static str, reason: &str| {
        StorageError::INVALID_QUERY_PARAMETER_VALUE
            .with_detail("QueryParameterName", name)
            .with_detail("QueryParameterValue", call.query.get(name).unwrap_or_default())
            .with_detail("Reason", reason)
    };
    let range = if call.context.version < ApiVersion::LONG_TTL {
        1..=DEFAULT_TTL.num_seconds()
    } else {
        i64::MIN..=i64::MAX
    };
    match call.query.number("messagettl", range)? {
        None => Ok(now + DEFAULT_TTL),
        Some(-1) => Ok(NO_EXPIRY),
        Some(ttl) if ttl < 1 => Err(invalid("messagettl", "it must be at least 1, or -1")),
        Some(ttl) if ttl <= hidden => {
            Err(invalid("visibilitytimeout", "messagettl must be greater than visibilitytimeout"))
        }
        Some(ttl) => {
            let expires = TimeDelta::try_seconds(ttl).and_then(|ttl| now.checked_add_signed(ttl));
            Ok(expires.unwrap_or(NO_EXPIRY).min(NO_EXPIRY))
        }
    }
}
