//! What ReconcileRunners remembers of the records that it has written. Without it, lines are written once more, which
//! readers find out.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use super::blobs::Position;
use super::due::EndedTask;
use super::sample::{PoolSample, Sample, SampleLine};
use crate::reconcile::snapshot::ListedJob;
use crate::repository::Repository;
use crate::task::{DeploymentName, TaskId};

/// A sample is written every two minutes. The timer of a run is not exact.
const MIN_SAMPLE_INTERVAL: TimeDelta = TimeDelta::seconds(110);
/// How long after its end a task may appear as ended in Batch for the first time.
const MAX_LATE: TimeDelta = TimeDelta::hours(1);

/// The state of the history.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Marks {
    /// The tasks that ended until then are recorded, or never will be.
    pub until: Option<DateTime<Utc>>,
    /// The recorded tasks that ended later, each with its run, and when they ended.
    pub recorded: BTreeMap<String, DateTime<Utc>>,
    /// The tasks whose runners have a job of another workflow run than the job that they were made for.
    pub elsewhere: BTreeMap<String, (Repository, u64)>,
    /// The end of the records.
    pub jobs: Option<Position>,
    /// The end of the samples.
    pub samples: Option<Position>,
    /// The pools that the samples name at their end.
    pub pools: Vec<PoolSample>,
    /// When the last sample was taken.
    pub sampled_at: Option<DateTime<Utc>>,
    /// The last day on which old blobs were deleted.
    pub cleaned: Option<NaiveDate>,
}

impl Marks {
    /// Returns whether the run of a task is recorded.
    pub(super) fn is_recorded(&self, task: &EndedTask) -> bool {
        self.until.is_some_and(|until| task.ended <= until)
            || self.recorded.contains_key(&task.run_key())
    }

    /// Records where the runners of live tasks have jobs of other workflow runs.
    pub fn note_elsewhere(
        &mut self,
        jobs: &BTreeMap<u64, ListedJob>,
        runs: &BTreeMap<TaskId, (Repository, u64)>,
        deployment: &DeploymentName,
    ) {
        for listed in jobs.values().filter(|listed| listed.job.has_runner()) {
            let runner = listed.job.runner.as_deref().unwrap_or_default();
            let made_for = deployment.parse_task(runner).and_then(|task| runs.get(&task));
            if made_for.is_some_and(|(_, run)| *run != listed.job.run) {
                let place = (listed.repository.clone(), listed.job.run);
                self.elsewhere.insert(runner.to_owned(), place);
            }
        }
        self.elsewhere.retain(|task, _| {
            deployment.parse_task(task).is_some_and(|task| runs.contains_key(&task))
        });
    }

    /// Records that tasks were recorded, from a list of that time. `pending` is when the first task ended that is not.
    pub fn advance(
        &mut self,
        recorded: impl IntoIterator<Item = (String, DateTime<Utc>)>,
        pending: Option<DateTime<Utc>>,
        listed_at: DateTime<Utc>,
    ) {
        self.recorded.extend(recorded);
        let certain = listed_at - MAX_LATE;
        let until =
            pending.map_or(certain, |pending| certain.min(pending - TimeDelta::milliseconds(1)));
        let until = self.until.map_or(until, |earlier| earlier.max(until));
        // The list may lack a record only of tasks that ended before: most runs change nothing.
        if self.recorded.values().any(|ended| *ended <= until) || self.until.is_none() {
            self.recorded.retain(|_, ended| *ended > until);
            self.until = Some(until);
        }
    }

    /// Returns whether a sample is due.
    pub fn sample_is_due(&self, now: DateTime<Utc>) -> bool {
        self.sampled_at.is_none_or(|at| now - at >= MIN_SAMPLE_INTERVAL || now < at)
    }

    /// Returns the lines of a sample that is written at a place: before it the pools, if it is the first of a blob or the
    /// pools have changed.
    pub fn sample_lines(&self, pools: &[PoolSample], sample: Sample, place: Position) -> String {
        let named = place.length > 0 && self.pools == pools;
        let pools = (!named).then(|| SampleLine::Pools { pools: pools.to_vec() });
        let lines = pools.into_iter().chain([SampleLine::Sample(sample)]);
        lines.map(|line| line.line()).collect()
    }

    /// Returns whether old blobs are to be deleted.
    pub fn is_cleaning_due(&self, today: NaiveDate) -> bool {
        self.cleaned.is_none_or(|cleaned| cleaned < today)
    }
}
