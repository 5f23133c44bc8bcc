//! Workflow runs. A run is derived from its jobs.

use super::job::{Conclusion, Job, JobStatus};

/// A run: the jobs of its latest attempt, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Run<'a> {
    /// The first job of the first attempt.
    pub(crate) first: &'a Job,
    pub(crate) latest: Vec<&'a Job>,
    pub(crate) attempt: u32,
}

impl<'a> Run<'a> {
    /// Makes a run from its jobs of all attempts, oldest first; `None` without jobs.
    pub(crate) fn of(jobs: &[&'a Job]) -> Option<Self> {
        let first = *jobs.first()?;
        let attempt = jobs.iter().map(|job| job.attempt).max()?;
        let latest = jobs.iter().filter(|job| job.attempt == attempt).copied().collect();
        Some(Self { first, latest, attempt })
    }

    /// Returns the status and the conclusion, derived from those of the jobs.
    pub(crate) fn status(&self) -> (&'static str, Option<Conclusion>) {
        let count = |status| self.latest.iter().filter(|job| job.status == status).count();
        let has = |&conclusion: &Conclusion| {
            self.latest.iter().any(|job| job.conclusion == Some(conclusion))
        };
        let completed = count(JobStatus::Completed);
        if completed == self.latest.len() {
            let conclusions = [Conclusion::Failure, Conclusion::Cancelled, Conclusion::Success];
            return ("completed", conclusions.into_iter().find(has));
        }
        // A run with completed jobs is in progress, even if all its other jobs are queued.
        if completed + count(JobStatus::InProgress) > 0 {
            ("in_progress", None)
        } else if count(JobStatus::Queued) > 0 {
            ("queued", None)
        } else {
            ("waiting", None)
        }
    }

    /// Returns whether the `status` filter of a list matches: a status or a conclusion.
    pub(crate) fn matches_status(&self, wanted: &str) -> bool {
        let (status, conclusion) = self.status();
        wanted == status || conclusion.map(Conclusion::as_str) == Some(wanted)
    }
}
