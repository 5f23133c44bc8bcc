//! Decides what a starting runner that claims gets.

use super::{Fact, NotNeeded, Resolution};

/// The decision about a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Register the runner, and send its configuration.
    Mint,
    /// Reject the claim, and request a runner with other labels for this job.
    RequestReplacement(u64),
    /// Reject the claim: no job needs the runner.
    NotNeeded(NotNeeded),
    /// Have the runner claim again later.
    Retry(Retry),
    /// Fetch a fact, and decide again.
    Missing(Fact),
}

/// Why a runner has to claim again later.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Retry {
    /// GitHub's answer about the job does not say enough.
    #[error("job {job} is {status} without a runner")]
    Undetermined {
        /// The job.
        job: u64,
        /// Its status.
        status: String,
    },
    /// A runner of the same name is connected and has no job yet.
    #[error("a runner of the same name is online and waits for a job")]
    NameInUse,
}

/// A registered runner of the same name that keeps the runner from being registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conflict {
    /// It has a job.
    Busy,
    /// It is connected and waits for a job, or it was removed after the conflict.
    Idle,
}

/// Decides about the claim of a runner, given what its assignment chain resolves to, and the conflict that its
/// registration met, if it was tried.
pub fn decide(resolution: &Resolution, conflict: Option<Conflict>) -> Claim {
    match resolution {
        Resolution::Needed(_) => match conflict {
            None => Claim::Mint,
            Some(Conflict::Busy) => Claim::NotNeeded(NotNeeded::Served),
            Some(Conflict::Idle) => Claim::Retry(Retry::NameInUse),
        },
        Resolution::LabelMismatch(job) => Claim::RequestReplacement(*job),
        Resolution::NotNeeded(reason) => Claim::NotNeeded(*reason),
        Resolution::Undetermined { job, status } => {
            Claim::Retry(Retry::Undetermined { job: *job, status: status.clone() })
        }
        Resolution::Missing(fact) => Claim::Missing(fact.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::testing::gh;

    #[track_caller]
    fn check(resolution: &Resolution, conflict: Option<Conflict>, expected: &Claim) {
        assert_eq!(decide(resolution, conflict), *expected, "{resolution:?} {conflict:?}");
    }

    #[test]
    fn a_needed_runner_is_minted_unless_its_name_is_in_use() {
        let needed = Resolution::Needed(2);
        check(&needed, None, &Claim::Mint);
        check(&needed, Some(Conflict::Busy), &Claim::NotNeeded(NotNeeded::Served));
        check(&needed, Some(Conflict::Idle), &Claim::Retry(Retry::NameInUse));
    }

    #[test]
    fn a_label_mismatch_requests_a_replacement() {
        check(&Resolution::LabelMismatch(2), None, &Claim::RequestReplacement(2));
    }

    #[test]
    fn a_runner_that_no_job_needs_is_rejected() {
        let reasons = [
            NotNeeded::EndedWithoutRunner,
            NotNeeded::AssignedElsewhere,
            NotNeeded::Served,
            NotNeeded::Gated,
        ];
        for reason in reasons {
            check(&Resolution::NotNeeded(reason), None, &Claim::NotNeeded(reason));
        }
    }

    #[test]
    fn an_undetermined_or_missing_fact_never_ends_a_claim() {
        let status = "in_progress".to_owned();
        let retry = Retry::Undetermined { job: 2, status: status.clone() };
        check(&Resolution::Undetermined { job: 2, status }, None, &Claim::Retry(retry));
        let fact = Fact::Job(gh("gh-2"));
        check(&Resolution::Missing(fact.clone()), None, &Claim::Missing(fact));
    }
}
