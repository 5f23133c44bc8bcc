//! Pop receipts: the proof that a caller was the last to put, get or update a message.

use std::fmt;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A pop receipt. It is opaque to callers, and base64 like the service's: with `+`, `/` and `=`, which a
/// caller has to escape in an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PopReceipt(pub(crate) Uuid);

impl PopReceipt {
    /// Parses a receipt; returns `None` if it does not have the format of this emulator.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Uuid::from_slice(&STANDARD.decode(text).ok()?).ok().map(Self)
    }
}

impl fmt::Display for PopReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0.as_bytes(), &STANDARD).fmt(f)
    }
}

impl Serialize for PopReceipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_parsed_as_written() {
        let receipt = PopReceipt(Uuid::from_u128(u128::MAX / 3));
        assert_eq!(PopReceipt::parse(&receipt.to_string()), Some(receipt));
        assert_eq!(PopReceipt::parse("c2hvcnQ="), None);
        assert_eq!(PopReceipt::parse("not base64!"), None);
    }
}
