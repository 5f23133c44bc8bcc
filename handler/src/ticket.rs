//! The claim ticket: what a task has instead of a credential.
//!
//! It proves to ClaimRunner for which task a runner claims, and nothing else: it is the HMAC of task, profile and
//! expiry with a key of its own. A process that reads it from the task can claim only while that task runs, and only
//! once for each run of the task.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::secret::{Rotating, Secret};

/// The content of a ticket.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ticket {
    /// The task whose runner may claim.
    pub task: String,
    /// The profile of the task.
    pub profile: String,
    /// The number of the profile's Batch job that contains the task. Tickets of an earlier version omit 1.
    #[serde(default = "first")]
    pub generation: u32,
    /// When the ticket expires, in seconds since 1970.
    #[serde(with = "chrono::serde::ts_seconds")]
    pub expires: DateTime<Utc>,
}

fn first() -> u32 {
    1
}

/// A text that is not a valid ticket.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadTicket {
    /// It is not of the format of this version.
    #[error("the ticket is malformed")]
    Malformed,
    /// It was not signed with the ticket key, or was changed.
    #[error("the ticket is not signed with the key of setting TicketKey")]
    Forged,
    /// It has expired.
    #[error("the ticket has expired")]
    Expired,
}

impl Ticket {
    /// Serializes and signs the ticket: `1.<payload>.<signature>`, both in unpadded URL-safe base64.
    pub fn seal(&self, key: &Rotating) -> Secret {
        let json = serde_json::to_vec(self).expect("plain fields always serialize");
        let payload = format!("1.{}", BASE64_URL_SAFE_NO_PAD.encode(json));
        let tag = mac(key.newest(), &payload).finalize().into_bytes();
        Secret::new(format!("{payload}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag)))
    }

    /// Verifies and parses a ticket.
    ///
    /// # Errors
    /// When it was signed with no value of the key, has expired, or is malformed: the holder may not claim.
    pub fn open(text: &str, key: &Rotating, now: DateTime<Utc>) -> Result<Self, BadTicket> {
        let (payload, tag) = text.rsplit_once('.').ok_or(BadTicket::Malformed)?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).map_err(|_| BadTicket::Malformed)?;
        let signed = |key: &Secret| mac(key, payload).verify_slice(&tag).is_ok();
        if !key.all().any(signed) {
            return Err(BadTicket::Forged);
        }
        let json = payload.strip_prefix("1.").ok_or(BadTicket::Malformed)?;
        let json = BASE64_URL_SAFE_NO_PAD.decode(json).map_err(|_| BadTicket::Malformed)?;
        let ticket: Self = serde_json::from_slice(&json).map_err(|_| BadTicket::Malformed)?;
        // The path of a task without an id is that of the list of tasks.
        if ticket.task.is_empty() {
            return Err(BadTicket::Malformed);
        }
        if ticket.expires <= now { Err(BadTicket::Expired) } else { Ok(ticket) }
    }
}

fn mac(key: &Secret, payload: &str) -> Hmac<Sha256> {
    let key = key.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(payload.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn key(text: &str) -> Rotating {
        let keys: Vec<_> =
            text.split(',').map(|key| format!("{key} as the key of tickets")).collect();
        Rotating::parse(&keys.join(",")).expect("a key")
    }

    fn ticket() -> Ticket {
        let expires = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        Ticket { task: "gh-123".to_owned(), profile: "ubuntu".to_owned(), generation: 2, expires }
    }

    #[test]
    fn a_ticket_opens_until_it_expires() {
        let sealed = ticket().seal(&key("k1"));
        let open = |hours| {
            Ticket::open(
                sealed.expose(),
                &key("k1"),
                DateTime::UNIX_EPOCH + TimeDelta::hours(hours),
            )
        };
        assert_eq!(open(0), Ok(ticket()));
        assert_eq!(open(1), Err(BadTicket::Expired));
    }

    #[test]
    fn a_ticket_without_a_generation_belongs_to_the_first() {
        let json = r#"{"task":"gh-123","profile":"ubuntu","expires":3600}"#;
        let ticket: Ticket = serde_json::from_str(json).expect("a ticket of an earlier version");
        assert_eq!(ticket.generation, 1);
    }

    #[test]
    fn a_ticket_of_the_older_key_opens_during_a_rotation_only() {
        let sealed = ticket().seal(&key("k1"));
        let open = |keys| Ticket::open(sealed.expose(), &key(keys), DateTime::UNIX_EPOCH);
        assert_eq!(open("k2,k1"), Ok(ticket()));
        assert_eq!(open("k3,k2"), Err(BadTicket::Forged));
    }

    #[test]
    fn a_ticket_without_a_task_does_not_open() {
        let sealed = Ticket { task: String::new(), ..ticket() }.seal(&key("k1"));
        let opened = Ticket::open(sealed.expose(), &key("k1"), DateTime::UNIX_EPOCH);
        assert_eq!(opened, Err(BadTicket::Malformed));
    }

    #[test]
    fn a_changed_ticket_does_not_open() {
        let sealed = ticket().seal(&key("k1"));
        for index in 0..sealed.expose().len() {
            let mut bytes = sealed.expose().as_bytes().to_vec();
            bytes[index] ^= 1;
            let changed = String::from_utf8_lossy(&bytes);
            assert!(
                Ticket::open(&changed, &key("k1"), DateTime::UNIX_EPOCH).is_err(),
                "byte {index}"
            );
        }
        assert_eq!(Ticket::open("", &key("k1"), DateTime::UNIX_EPOCH), Err(BadTicket::Malformed));
    }
}
