//! The ticket that a task carries in place of a credential.
//!
//! It proves to ClaimRunner which task asks, and nothing more: the HMAC of task, profile and expiry, with
//! a key of its own. Whoever reads it from the task can claim only while that task runs, once a run.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::secret::{Rotating, Secret};

/// What a ticket says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ticket {
    /// The task that may claim.
    pub task: String,
    /// The profile that the task belongs to.
    pub profile: String,
    /// Which of the profile's Batch jobs holds it; a ticket of an earlier version means the first.
    #[serde(default = "first")]
    pub generation: u32,
    /// When the ticket ends, in seconds since 1970.
    #[serde(with = "chrono::serde::ts_seconds")]
    pub expires: DateTime<Utc>,
}

fn first() -> u32 {
    1
}

/// A text that is no ticket of ours, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadTicket {
    /// It is not of a form that this version knows.
    #[error("the ticket is malformed")]
    Malformed,
    /// It was not signed with the ticket key, or changed since.
    #[error("the ticket is not signed with the key of setting TicketKey")]
    Forged,
    /// Its time is over.
    #[error("the ticket has expired")]
    Expired,
}

impl Ticket {
    /// Renders and signs the ticket: `1.<payload>.<signature>`, both in unpadded URL-safe base64.
    pub fn seal(&self, key: &Rotating) -> Secret {
        let json = serde_json::to_vec(self).expect("plain fields always serialize");
        let payload = format!("1.{}", BASE64_URL_SAFE_NO_PAD.encode(json));
        let tag = mac(key.newest(), &payload).finalize().into_bytes();
        Secret::new(format!("{payload}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag)))
    }

    /// Opens a ticket that any value of the key has signed and whose time is not over.
    ///
    /// # Errors
    /// [`BadTicket`]: the holder may not claim.
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
        Rotating::parse(text).expect("a key")
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
    fn a_ticket_that_names_no_generation_means_the_first() {
        let json = r#"{"task":"gh-123","profile":"ubuntu","expires":3600}"#;
        let ticket: Ticket = serde_json::from_str(json).expect("a ticket of an earlier version");
        assert_eq!(ticket.generation, 1);
    }

    #[test]
    fn a_ticket_of_the_older_key_opens_during_the_rotation_and_not_after() {
        let sealed = ticket().seal(&key("k1"));
        let open = |keys| Ticket::open(sealed.expose(), &key(keys), DateTime::UNIX_EPOCH);
        assert_eq!(open("k2,k1"), Ok(ticket()));
        assert_eq!(open("k3,k2"), Err(BadTicket::Forged));
    }

    #[test]
    fn no_changed_ticket_opens() {
        let sealed = ticket().seal(&key("k1"));
        for place in 0..sealed.expose().len() {
            let mut bytes = sealed.expose().as_bytes().to_vec();
            bytes[place] ^= 1;
            let changed = String::from_utf8_lossy(&bytes);
            assert!(
                Ticket::open(&changed, &key("k1"), DateTime::UNIX_EPOCH).is_err(),
                "byte {place}"
            );
        }
        assert_eq!(Ticket::open("", &key("k1"), DateTime::UNIX_EPOCH), Err(BadTicket::Malformed));
    }
}
