//! GitHub's own runners.
//!
//! GitHub looks for a self-hosted runner with the labels of a job first, hosted labels too, and gives the job to a
//! runner of its own after a while (<https://github.com/actions/runner-images/issues/12330>).

use std::time::Duration;

use chrono::{DateTime, Utc};

use emulator_core::events::EventKind;

use super::State;
use super::timers::time_delta;
use crate::model::job::{Conclusion, JobStatus, ServingRunner};

/// The first id of the runners of GitHub; those of others are far below.
const FIRST_RUNNER: u64 = 1_000_000_000;

impl State {
    /// Starts a job on a runner of GitHub, unless another runner has it.
    pub(super) fn start_on_hosted_runner(&mut self, id: u64, now: DateTime<Utc>) {
        if !self.unassigned.contains(&id) {
            return;
        }
        if !self.is_assigning() {
            return self.start_hosted_timer(id, now);
        }
        self.unassigned.remove(&id);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let number = id % FIRST_RUNNER;
        let name = format!("GitHub Actions {number}");
        job.status = JobStatus::InProgress;
        job.started_at = Some(now);
        job.runner = Some(ServingRunner {
            id: FIRST_RUNNER + number,
            name: name.clone(),
            group_id: 0,
            group_name: "GitHub Actions".to_owned(),
        });
        let ends_at = now + time_delta(job.runs_for.max(Duration::from_secs(1)));
        self.events.push(EventKind::JobStarted { job: id, runner: name });
        self.send_job_event(id, "in_progress", JobStatus::InProgress, now);
        self.start_hosted_end_timer(id, ends_at);
    }

    /// Completes a job of a runner of GitHub; a cancelled one ends with its work, too.
    pub(super) fn end_on_hosted_runner(&mut self, id: u64, now: DateTime<Utc>) {
        if self.jobs.get(&id).is_some_and(|job| job.status == JobStatus::InProgress) {
            self.complete(id, Conclusion::Success, now);
        }
    }
}
