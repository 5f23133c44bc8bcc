//! Requests another runner for a job at the end of an assignment chain.

use std::time::Duration;

use crate::app::App;
use crate::assignment::AssignmentGraph;
use crate::message::{Message, RunnerRequest};
use crate::profiles::{Match, match_profile};
use crate::storage::QueueError;

/// Why no runner was requested.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplacementError {
    #[error("no profile in setting RunnerProfiles has all labels of job {0}")]
    NoProfile(u64),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Requests a runner for a job that the graph knows to be queued; the last runner for it has this replacement number.
pub(super) async fn request_replacement(
    app: &App,
    graph: &AssignmentGraph,
    job: u64,
    last_replacement: u32,
) -> Result<(), ReplacementError> {
    let queued = graph.queued(job).ok_or(ReplacementError::NoProfile(job))?;
    let profiles = &app.webhook.policy.profiles;
    let Match::Profile(profile) = match_profile(&queued.labels, profiles) else {
        return Err(ReplacementError::NoProfile(job));
    };
    let request = RunnerRequest {
        job,
        run: queued.run,
        repository: queued.repository.clone(),
        profile: profile.name.clone(),
        pinned: profile.pinned(&queued.labels),
        generation: 1,
        replacement: last_replacement + 1,
        requested_at: app.clock.now(),
    };
    Ok(app.queue.put(&Message::Request(request), Duration::ZERO).await?)
}
