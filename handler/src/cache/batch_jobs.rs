//! Remembers the Batch job of each profile that last accepted a task, and lets one invocation add a missing one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::batch_job::BatchJobId;
use crate::message::RunnerRequest;

/// How often this process has added a Batch job. The invocation that adds it holds the lock meanwhile.
pub(crate) type Additions = tokio::sync::Mutex<u64>;

/// The newest known Batch job of each profile: without it, every task would first be rejected by the closed ones.
#[derive(Debug, Default)]
pub(crate) struct BatchJobCache {
    newest: Mutex<BTreeMap<String, u32>>,
    additions: Mutex<BTreeMap<BatchJobId, Arc<Additions>>>,
}

impl BatchJobCache {
    /// Returns the Batch job to which the task of a request should be added first.
    pub(crate) fn newest(&self, request: &RunnerRequest) -> BatchJobId {
        let mut known = self.newest.lock().expect("no holder of this lock can panic");
        let newest = known.entry(request.profile.clone()).or_insert(request.generation);
        *newest = (*newest).max(request.generation);
        BatchJobId::new(&request.profile, *newest)
    }

    /// Returns the newest known Batch job of a profile.
    pub(crate) fn newest_of(&self, profile: &str) -> BatchJobId {
        let known = self.newest.lock().expect("no holder of this lock can panic");
        // The first one, unless another was seen.
        BatchJobId::new(profile, known.get(profile).copied().unwrap_or_default())
    }

    /// Records that a Batch job has succeeded a closed one.
    pub(crate) fn note(&self, successor: &BatchJobId) {
        let mut known = self.newest.lock().expect("no holder of this lock can panic");
        known.insert(successor.profile.clone(), successor.generation);
    }

    /// Returns the lock and the number of additions of a Batch job.
    pub(crate) fn additions(&self, batch_job: &BatchJobId) -> Arc<Additions> {
        let mut all = self.additions.lock().expect("no holder of this lock can panic");
        Arc::clone(all.entry(batch_job.clone()).or_default())
    }
}
