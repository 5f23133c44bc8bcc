//! The randomness of the edges. Modules that decide take a random value as an argument.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// A source of random numbers, which are not fit for secrets.
#[derive(Clone)]
pub struct Random(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Random {
    /// Returns the source of this process. The standard library seeds it once for each thread.
    pub fn system() -> Self {
        Self::from_fn(|| RandomState::new().hash_one(0_u8))
    }

    /// Returns a source that takes its numbers from `next`, such as those of a seed.
    pub fn from_fn(next: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    /// Returns a number from 0 up to, and without, 1.
    pub fn fraction(&self) -> f64 {
        // The bits that a fraction of this type has.
        const BITS: u32 = f64::MANTISSA_DIGITS;
        ((self.0)() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_at_least_zero_and_less_than_one() {
        let fractions = [0, 1 << 63, u64::MAX].map(|bits| Random::from_fn(move || bits).fraction());
        assert_eq!(fractions[..2], [0.0, 0.5]);
        assert!(fractions[2] < 1.0 && fractions[2] > 0.999, "{fractions:?}");
        let system = Random::system();
        assert_ne!(system.fraction(), system.fraction());
    }
}
