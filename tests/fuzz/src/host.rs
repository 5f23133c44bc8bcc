//! Input that the Functions host delivers: envelopes, messages, and the tickets of runners.

use chrono::{DateTime, TimeDelta};
use handler::invocation::{queue_message, timer_is_late};
use handler::message::Message;
use handler::secret::Rotating;
use handler::ticket::Ticket;

use crate::delivery::read_back;

/// Checks the envelope. The input is the body of the host's request.
///
/// # Panics
/// Panics if a decoded message changes when it is encoded and decoded again.
pub fn envelope(input: &[u8]) {
    timer_is_late(input, "timer");
    match queue_message(input, "request") {
        Ok(text) => message(text.as_bytes()),
        Err(bad) => crate::assert_loggable(&bad.to_string()),
    }
}

/// Checks a queue message. The input is its text.
///
/// # Panics
/// Panics if a decoded message changes when it is encoded and decoded again.
pub fn message(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Message::decode(text) {
        Ok(message) => read_back(&message),
        Err(bad) => crate::assert_loggable(&bad.to_string()),
    }
}

/// Checks that a ticket cannot be forged.
///
/// The input is a ticket. If its first byte is less than 64, the rest changes a valid ticket: pairs of a position and a byte.
///
/// # Panics
/// Panics if a ticket opens that this function has not sealed.
pub fn ticket(input: &[u8]) {
    let key = Rotating::parse("a ticket key that no input contains").expect("a key");
    let now = DateTime::UNIX_EPOCH;
    let valid = Ticket {
        task: "gh-123".to_owned(),
        profile: "ubuntu".to_owned(),
        generation: 1,
        expires: now + TimeDelta::hours(1),
    };
    let sealed = valid.seal(&key).expose().to_owned();
    let text = match input {
        [first, changes @ ..] if *first < 64 => changed(&sealed, changes),
        _ => String::from_utf8_lossy(input).into_owned(),
    };
    match Ticket::open(&text, &key, now) {
        Ok(_) => assert_eq!(text, sealed, "opened a forged ticket"),
        Err(bad) => crate::assert_loggable(&bad.to_string()),
    }
}

fn changed(sealed: &str, changes: &[u8]) -> String {
    let mut bytes = sealed.as_bytes().to_vec();
    for change in changes.chunks_exact(2) {
        let position = usize::from(change[0]) % bytes.len();
        bytes[position] = change[1];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
