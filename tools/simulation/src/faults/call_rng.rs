//! Draws what kind of fault it is.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::{Callee, FaultOutcome};

/// Draws that belong to one call.
pub(super) struct CallRng(StdRng);

impl CallRng {
    /// Makes the draws of a subject, which tells one call from all others.
    pub(super) fn of(seed: u64, subject: &str) -> Self {
        let digest =
            Sha256::new().chain_update(seed.to_be_bytes()).chain_update(subject).finalize();
        Self(StdRng::from_seed(digest.into()))
    }

    /// Tells whether something of this chance is so.
    pub(super) fn happens(&mut self, chance: f64) -> bool {
        self.0.random_bool(chance.clamp(0.0, 1.0))
    }

    /// At which poll an invocation is dropped: most have few, a run of reconciliation has hundreds.
    pub(super) fn polls(&mut self) -> u32 {
        let most = *[4, 16, 64, 400].choose(&mut self.0).expect("there are four");
        self.0.random_range(1..=most)
    }

    /// How soon a run loses its node: as it claims, as it connects, or with its job.
    pub(super) fn first_seconds(&mut self) -> Duration {
        Duration::from_millis(self.0.random_range(0..=10_000))
    }

    pub(super) fn slowness(&mut self) -> FaultOutcome {
        FaultOutcome::Slow { milliseconds: self.0.random_range(500..=15_000) }
    }

    pub(super) fn outage(&mut self) -> FaultOutcome {
        if self.happens(0.5) { FaultOutcome::LostRequest } else { fail(503, None) }
    }

    /// A fault of an operation, as that service has them.
    ///
    /// GitHub answers 404 to what it has not copied to all of its machines yet, so a job that was just
    /// queued may not be found. Nobody answers 404 to what it changes.
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
            Callee::Host => {}
        }
        *kinds.choose(&mut self.0).expect("there are four at least")
    }
}

fn fail(status: u16, retry_after: Option<u32>) -> FaultOutcome {
    FaultOutcome::Fail { status, retry_after }
}
