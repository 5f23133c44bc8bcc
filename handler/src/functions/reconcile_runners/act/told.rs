//! Tells what somebody must look at: an error line with the field that a deployment's alerts look for.

use tracing::error;

use crate::reconcile::WaitReason;
use crate::repository::Repository;

/// Tells that a job has waited too long.
pub(super) fn waiting(job: u64, repository: &Repository, why: &WaitReason) {
    let (job, repo) = (job, repository);
    error!(alarm = "waiting", job.id = job, %repo, "job {job} has waited too long: {why}");
}

/// Tells of what no further try mends.
pub(super) fn alarm(name: &str, text: &str) {
    error!(alarm = name, "{text}");
}
