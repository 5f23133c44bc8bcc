//! Remembers the Batch job of each profile that last accepted a task.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::batch_job::BatchJobId;
use crate::message::RunnerRequest;

/// The newest known Batch job of each profile: without it, every task would first be rejected by the closed ones.
#[derive(Debug, Default)]
pub(crate) struct BatchJobCache(Mutex<BTreeMap<String, u32>>);

impl BatchJobCache {
    /// Returns the Batch job to which the task of a request should be added first.
    pub(crate) fn newest(&self, request: &RunnerRequest) -> BatchJobId {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        let newest = known.entry(request.profile.clone()).or_insert(request.generation);
        *newest = (*newest).max(request.generation);
        BatchJobId::new(&request.profile, *newest)
    }

    /// Records that a Batch job has succeeded a closed one.
    pub(crate) fn note(&self, successor: &BatchJobId) {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        known.insert(successor.profile.clone(), successor.generation);
    }
}
