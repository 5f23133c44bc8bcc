//! Describes a workflow run, which is nothing but its jobs.

use super::job::{Conclusion, Job, JobStatus};

/// A run: the jobs of its latest attempt, of which there is at least one.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    /// The job that began the run.
    pub(super) first: &'a Job,
    pub(super) latest: Vec<&'a Job>,
    pub(super) attempt: u32,
}

impl<'a> Run<'a> {
    /// Makes a run of its jobs of all attempts, oldest first; `None` of no jobs.
    pub(super) fn of(jobs: &[&'a Job]) -> Option<Self> {
        let first = *jobs.first()?;
        let attempt = jobs.iter().map(|job| job.attempt).max()?;
        let latest = jobs.iter().filter(|job| job.attempt == attempt).copied().collect();
        Some(Self { first, latest, attempt })
    }

    /// Tells where it stands, from where its jobs stand.
    pub(super) fn standing(&self) -> (&'static str, Option<Conclusion>) {
        let count = |status| self.latest.iter().filter(|job| job.status == status).count();
        let ended = |&conclusion: &Conclusion| {
            self.latest.iter().any(|job| job.conclusion == Some(conclusion))
        };
        let completed = count(JobStatus::Completed);
        if completed == self.latest.len() {
            let conclusions = [Conclusion::Failure, Conclusion::Cancelled, Conclusion::Success];
            return ("completed", conclusions.into_iter().find(ended));
        }
        // A run some of whose jobs have ended is in progress, even where all others are queued.
        if completed + count(JobStatus::InProgress) > 0 {
            ("in_progress", None)
        } else if count(JobStatus::Queued) > 0 {
            ("queued", None)
        } else {
            ("waiting", None)
        }
    }

    /// Tells whether it is what a list was asked for: a status, or a conclusion.
    pub(super) fn stands_as(&self, wanted: &str) -> bool {
        let (status, conclusion) = self.standing();
        wanted == status || conclusion.map(Conclusion::as_str) == Some(wanted)
    }
}
