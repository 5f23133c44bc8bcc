//! The random numbers of one call.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::FaultOutcome;
use crate::scenario::Callee;

/// A random number generator that belongs to one call.
pub(super) struct CallRng(StdRng);

impl CallRng {
    /// Makes the generator of a subject, which identifies one call among all.
    pub(super) fn of(seed: u64, subject: &str) -> Self {
        let digest =
            Sha256::new().chain_update(seed.to_be_bytes()).chain_update(subject).finalize();
        Self(StdRng::from_seed(digest.into()))
    }

    /// Returns true with this probability.
    pub(super) fn happens(&mut self, chance: f64) -> bool {
        self.0.random_bool(chance.clamp(0.0, 1.0))
    }

    /// Returns a number from 0 to `most`.
    pub(super) fn up_to(&mut self, most: u8) -> u8 {
        self.0.random_range(0..=most)
    }

    /// Returns the poll at which an invocation is dropped: most invocations have few polls, a reconciliation has hundreds.
    pub(super) fn polls(&mut self) -> u32 {
        let most = *[4, 16, 64, 400].choose(&mut self.0).expect("there are four");
        self.0.random_range(1..=most)
    }

    /// Returns how soon a run loses its node: as it claims, as it connects, or with its job.
    pub(super) fn first_seconds(&mut self) -> Duration {
        Duration::from_millis(self.0.random_range(0..=10_000))
    }

    pub(super) fn slowness(&mut self) -> FaultOutcome {
        FaultOutcome::Slow { milliseconds: self.0.random_range(500..=15_000) }
    }

    pub(super) fn outage(&mut self) -> FaultOutcome {
        if self.happens(0.5) { FaultOutcome::LostRequest } else { fail(503, None) }
    }

    /// Returns a fault of an operation, as the real service has it.
    ///
    /// GitHub answers 404 while a new job is not yet replicated to all of its machines, so a job that was just
    /// queued may not be found. No service answers 404 to a change.
    pub(super) fn fault(&mut self, callee: Callee, operation: &str) -> FaultOutcome {
        let retry_after = Some(self.0.random_range(1..=90));
        let mut kinds = vec![
            FaultOutcome::LostRequest,
            FaultOutcome::LostAnswer,
            fail(500, None),
            fail(503, None),
        ];
        match callee {
            Callee::Github => {
                kinds.extend([fail(502, None), fail(504, None)]);
                kinds.extend([fail(429, retry_after), fail(403, retry_after)]);
                if operation == "GetJobForWorkflowRun" {
                    kinds.push(fail(404, None));
                }
            }
            Callee::Batch => {
                kinds.extend([fail(429, retry_after), fail(503, retry_after), fail(408, None)])
            }
            Callee::Queues | Callee::Blobs => kinds.push(fail(503, retry_after)),
            Callee::Claim => kinds.extend([fail(502, None), fail(429, retry_after)]),
            Callee::Pipelines => kinds.extend([
                fail(429, retry_after),
                fail(503, retry_after),
                fail(502, None),
                fail(408, None),
            ]),
            Callee::Host => {}
        }
        *kinds.choose(&mut self.0).expect("there are four at least")
    }
}

fn fail(status: u16, retry_after: Option<u32>) -> FaultOutcome {
    FaultOutcome::Fail { status, retry_after }
}
