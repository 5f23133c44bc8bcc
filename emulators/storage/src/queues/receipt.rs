//! Writes and reads the proof that a caller was the last to put, get or update a message.

use std::fmt;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A pop receipt. On the wire it is opaque, and base64 as the service's: with `+`, `/` and `=`, which
/// a caller has to escape in an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Receipt(pub(super) Uuid);

impl Receipt {
    /// Reads a receipt; `None` where it cannot be one that was given out here.
    pub(super) fn of(text: &str) -> Option<Self> {
        Uuid::from_slice(&STANDARD.decode(text).ok()?).ok().map(Self)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0.as_bytes(), &STANDARD).fmt(f)
    }
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_as_it_was_written() {
        let receipt = Receipt(Uuid::from_u128(u128::MAX / 3));
        assert_eq!(Receipt::of(&receipt.to_string()), Some(receipt));
        assert_eq!(Receipt::of("c2hvcnQ="), None);
        assert_eq!(Receipt::of("not base64!"), None);
    }
}
