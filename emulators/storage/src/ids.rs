//! Draws the identifiers that the service would draw at random: the same ones in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// A sequence of identifiers that look random and repeat with every start.
#[derive(Debug)]
pub(super) struct Ids {
    stream: u64,
    drawn: AtomicU64,
}

impl Ids {
    /// Starts the sequence that belongs to `stream`.
    pub(super) fn of(stream: u64) -> Self {
        Self { stream, drawn: AtomicU64::new(0) }
    }

    /// Draws the next one.
    pub(super) fn draw(&self) -> Uuid {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
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
    fn two_runs_draw_the_same_and_no_run_draws_one_twice() {
        let run = |stream| {
            let ids = Ids::of(stream);
            (0..10_000).map(|_| ids.draw()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        let both: BTreeSet<_> = run(1).into_iter().chain(run(2)).collect();
        assert_eq!(both.len(), 20_000);
    }
}
