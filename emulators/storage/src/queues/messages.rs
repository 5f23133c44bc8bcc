//! Answers the operations on messages.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use uuid::Uuid;

use super::queue::{Change, NewMessage};
use super::receipt::Receipt;
use super::wire::{QueueMessage, QueueMessagesList};
use super::{Call, Queues};
use crate::exchange::{HttpDate, empty, insert_text, xml};
use crate::failure::Failure;
use emulator_core::events::EventKind;
use emulator_core::service::Response;

/// The longest text, in bytes of UTF-8.
const TEXT_LIMIT: usize = 64 << 10;
/// The longest time for which a message can be hidden, and the time it lives if nothing is said.
const SEVEN_DAYS: i64 = 7 * 24 * 3600;
/// For how many seconds Get Messages hides a message if nothing is said.
const USUAL_HIDING: i64 = 30;
/// The most messages that one Get Messages hands out.
const BATCH: i64 = 32;
/// The service writes this year where a message never expires.
const NEVER: DateTime<Utc> = DateTime::from_timestamp(253_402_300_799, 0).expect("a time of 9999");

impl Queues {
    pub(super) fn put_message(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let now = call.exchange.at;
        let text = text_of(call)?;
        let hidden = call.query.number("visibilitytimeout", 0..=SEVEN_DAYS)?.unwrap_or(0);
        let new = NewMessage {
            id: self.ids.draw(),
            receipt: Receipt(self.ids.draw()),
            text: Arc::from(text),
            visible_from: now + TimeDelta::seconds(hidden),
            expires: expiry(call, hidden)?,
        };
        let message = self.with_queue(&call.path.resource, |queue| Ok(queue.put(new, now)))?;
        self.site.emit(EventKind::MessagePut {
            queue: call.path.resource.to_string(),
            text: message.text.to_string(),
        });
        let list = QueueMessagesList::put(&message);
        Ok(xml(StatusCode::CREATED, "QueueMessagesList", &list))
    }

    pub(super) fn take_messages(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let now = call.exchange.at;
        let count = count_of(call)?;
        let hidden = call.query.number("visibilitytimeout", 1..=SEVEN_DAYS)?;
        let until = now + TimeDelta::seconds(hidden.unwrap_or(USUAL_HIDING));
        let receipt = || Receipt(self.ids.draw());
        let messages = self
            .with_queue(&call.path.resource, |queue| Ok(queue.take(count, until, now, receipt)))?;
        let list = QueueMessagesList::got(&messages);
        Ok(xml(StatusCode::OK, "QueueMessagesList", &list))
    }

    pub(super) fn peek_messages(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let (count, now) = (count_of(call)?, call.exchange.at);
        let messages = self.with_queue(&call.path.resource, |queue| Ok(queue.peek(count, now)))?;
        let list = QueueMessagesList::peeked(&messages);
        Ok(xml(StatusCode::OK, "QueueMessagesList", &list))
    }

    pub(super) fn clear_messages(&self, call: &Call<'_>) -> Result<Response, Failure> {
        self.with_queue(&call.path.resource, |queue| {
            queue.clear();
            Ok(empty(StatusCode::NO_CONTENT))
        })
    }

    pub(super) fn update_message(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let now = call.exchange.at;
        let body = call.request.body();
        let text = if body.is_empty() { None } else { Some(Arc::from(text_of(call)?)) };
        call.query.require("visibilitytimeout")?;
        let hidden = call.query.number("visibilitytimeout", 0..=SEVEN_DAYS)?.unwrap_or_default();
        let visible_from = now + TimeDelta::seconds(hidden);
        let (id, held) = held_of(call)?;
        let receipt = Receipt(self.ids.draw());
        let change = Change { text, visible_from, receipt };
        self.with_queue(&call.path.resource, |queue| queue.update(id, held, change, now))?;
        let mut answer = empty(StatusCode::NO_CONTENT);
        insert_text(answer.headers_mut(), "x-ms-popreceipt", &receipt);
        insert_text(answer.headers_mut(), "x-ms-time-next-visible", &HttpDate(visible_from));
        Ok(answer)
    }

    pub(super) fn delete_message(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let (id, held) = held_of(call)?;
        self.with_queue(&call.path.resource, |queue| queue.delete(id, held, call.exchange.at))?;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

fn text_of(call: &Call<'_>) -> Result<String, Failure> {
    let body = call.request.body().as_ref();
    let message: QueueMessage = str::from_utf8(body)
        .ok()
        .and_then(|body| quick_xml::de::from_str(body).ok())
        .ok_or(Failure::INVALID_XML_DOCUMENT)?;
    if message.message_text.len() > TEXT_LIMIT {
        return Err(Failure::REQUEST_BODY_TOO_LARGE.because("MaxLimit", TEXT_LIMIT.to_string()));
    }
    Ok(message.message_text)
}

fn count_of(call: &Call<'_>) -> Result<usize, Failure> {
    let count = call.query.number("numofmessages", 1..=BATCH)?.unwrap_or(1);
    Ok(usize::try_from(count).expect("it is 1 to 32"))
}

/// Reads which message is meant, and what the caller holds of it.
fn held_of(call: &Call<'_>) -> Result<(Uuid, Receipt), Failure> {
    let receipt = call.query.require("popreceipt")?;
    let id = call.path.rest.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let id = Uuid::try_parse(id).map_err(|_| Failure::MESSAGE_NOT_FOUND)?;
    Ok((id, Receipt::of(receipt).ok_or(Failure::POP_RECEIPT_MISMATCH)?))
}

fn expiry(call: &Call<'_>, hidden: i64) -> Result<DateTime<Utc>, Failure> {
    let now = call.exchange.at;
    let invalid = |name: &'static str, reason: &str| {
        Failure::INVALID_QUERY_PARAMETER_VALUE
            .because("QueryParameterName", name)
            .because("QueryParameterValue", call.query.get(name).unwrap_or_default())
            .because("Reason", reason)
    };
    match call.query.number("messagettl", i64::MIN..=i64::MAX)? {
        None => Ok(now + TimeDelta::seconds(SEVEN_DAYS)),
        Some(-1) => Ok(NEVER),
        Some(ttl) if ttl < 1 => Err(invalid("messagettl", "it must be at least 1, or -1")),
        Some(ttl) if ttl <= hidden => {
            Err(invalid("visibilitytimeout", "it must be smaller than messagettl"))
        }
        Some(ttl) => {
            let expires = TimeDelta::try_seconds(ttl).and_then(|ttl| now.checked_add_signed(ttl));
            Ok(expires.unwrap_or(NEVER).min(NEVER))
        }
    }
}
