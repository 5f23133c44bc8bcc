//! The identifiers that the service would choose at random; the emulator repeats them in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// A generator of identifiers that look random and repeat with every start.
#[derive(Debug)]
pub(crate) struct IdGenerator {
    stream: u64,
    generated: AtomicU64,
}

impl IdGenerator {
    /// Creates the generator of a stream; different streams never share an identifier.
    pub(crate) fn new(stream: u64) -> Self {
        Self { stream, generated: AtomicU64::new(0) }
    }

    /// Returns the next identifier.
    pub(crate) fn next_id(&self) -> Uuid {
        let number = self.generated.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (scramble(number ^ scramble(self.stream)), scramble(number));
        let bits = (u128::from(high) << 64) | u128::from(low);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// Spreads a counter over 64 bits, one to one (the finalizer of SplitMix64).
fn scramble(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_are_unique_and_repeat_in_every_run() {
        let run = |stream| {
            let ids = IdGenerator::new(stream);
            (0..10_000).map(|_| ids.next_id()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        let both: BTreeSet<_> = run(1).into_iter().chain(run(2)).collect();
        assert_eq!(both.len(), 20_000);
    }
}
