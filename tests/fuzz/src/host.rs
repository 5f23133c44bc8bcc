//! What comes by way of the Functions host: envelopes, messages, and the tickets of runners.

use chrono::{DateTime, TimeDelta};
use handler::invocation::{queue_message, timer_is_late};
use handler::message::Message;
use handler::secret::Rotating;
use handler::ticket::Ticket;

use crate::delivery::read_back;

/// The input is the host's body.
///
/// # Panics
/// When a message that was read cannot be read again.
pub fn envelope(input: &[u8]) {
    timer_is_late(input, "timer");
    match queue_message(input, "request") {
        Ok(text) => message(text.as_bytes()),
        Err(bad) => crate::is_fit_to_be_told(&bad.to_string()),
    }
}

/// The input is the text of a queue message.
///
/// # Panics
/// When a message that was read cannot be read again.
pub fn message(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Message::decode(text) {
        Ok(message) => read_back(&message),
        Err(bad) => crate::is_fit_to_be_told(&bad.to_string()),
    }
}

/// The input is a ticket; or, where it begins with a byte under 64, what a good one is changed by: at each of the
/// places that it names by pairs.
///
/// # Panics
/// When a ticket opens that was not sealed here.
pub fn ticket(input: &[u8]) {
    let key = Rotating::parse("a ticket key that nobody draws").expect("a key");
    let now = DateTime::UNIX_EPOCH;
    let good = Ticket {
        task: "gh-123".to_owned(),
        profile: "ubuntu".to_owned(),
        generation: 1,
        expires: now + TimeDelta::hours(1),
    };
    let sealed = good.seal(&key).expose().to_owned();
    let text = match input {
        [first, changes @ ..] if *first < 64 => changed(&sealed, changes),
        _ => String::from_utf8_lossy(input).into_owned(),
    };
    match Ticket::open(&text, &key, now) {
        Ok(_) => assert_eq!(text, sealed, "opened what was not sealed"),
        Err(bad) => crate::is_fit_to_be_told(&bad.to_string()),
    }
}

fn changed(sealed: &str, changes: &[u8]) -> String {
    let mut bytes = sealed.as_bytes().to_vec();
    for change in changes.chunks_exact(2) {
        let place = usize::from(change[0]) % bytes.len();
        bytes[place] = change[1];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
