//! The reasons why a job has no runner yet, in the words of alerts, Status and the log.

use chrono::{DateTime, SecondsFormat, Utc};

use super::MAX_OFFLINE;
use super::snapshot::{Failure, OtherRunner};
use crate::message::{MAX_REPLACEMENTS, MAX_WAIT};

/// Why a job has no runner.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WaitReason {
    /// Its labels select this deployment, and no profile has all of them; with the first one that no profile has, if
    /// there is one.
    #[error("no profile in setting RunnerProfiles has {}", missing(.0.as_deref()))]
    NoProfile(Option<String>),
    /// One of its labels is a list that was written as one text, which no runner can have.
    #[error("its label {0:?} is one label, which no runner has: write runs-on as a list")]
    ListInLabel(String),
    /// Its `runs-on` names a runner group only.
    #[error(
        "its runs-on names a runner group and no label, so no profile is selected: add the labels of a profile, unless other runners of that group serve it"
    )]
    NoLabels,
    /// A user owns its repository, and runners are registered for organizations.
    #[error(
        "a user owns its repository, and runners of setting RunnerScope serve organizations only: move the repository to an organization, or use RunnerScope=repository"
    )]
    OfUser,
    /// An operator has paused its profile.
    #[error("profile {profile} is paused {pause}")]
    Paused {
        /// The profile.
        profile: String,
        /// Since when, by whom, and why.
        pause: String,
    },
    /// GitHub has left it behind: it neither assigns nor cancels it.
    #[error(
        "it has been queued for more than {} hours, after which GitHub cancels a job: GitHub has left it behind, and no runner is started for it; cancel its run, or start it again",
        MAX_WAIT.num_hours()
    )]
    LeftBehind,
    /// Its runner group keeps every runner of this deployment from it.
    #[error("{0}")]
    Group(String),
    /// GitHub refuses the credential, so that its runners cannot claim.
    #[error("{0}")]
    Refused(String),
    /// No runner of this deployment can serve it, and a runner of others has all of its labels.
    #[error(
        "it is left to others: {0} has all of its labels, and no runner of this deployment can serve it"
    )]
    LeftToOthers(OtherRunner),
    /// Its runners fail, on whatever node they run.
    #[error("its runners fail ({0}): check stderr.txt of their tasks, and the image")]
    Failing(Failure),
    /// Its runners were given to other jobs.
    #[error(
        "it has had {MAX_REPLACEMENTS} runners, which GitHub gave to other jobs: give its profile a label that no other job has, and start its run again"
    )]
    TooManyRunners,
    /// Its runners get no credential.
    #[error("its runners get no credential: {0}")]
    Unclaimed(String),
    /// Its runner is online, and GitHub does not assign the job to it.
    #[error(
        "a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, that runs-on names no other group, and that GitHub still supports the runner's version"
    )]
    NotAssigned,
    /// Its runner is online, GitHub does not assign the job to it, and the group is restricted to workflows.
    #[error(
        "a runner is online for it and GitHub does not assign the job: {0}; add the workflow to the group, or choose another group"
    )]
    Restricted(String),
    /// Its runner is registered and not connected.
    #[error(
        "its runner on pool {pool} has not connected to GitHub, and is replaced after {} minutes: check the pool's route to GitHub",
        MAX_OFFLINE.num_minutes()
    )]
    Offline {
        /// The pool.
        pool: String,
    },
    /// The pool cannot grow.
    #[error("pool {pool} cannot grow ({error})")]
    NoNodes {
        /// The pool.
        pool: String,
        /// The published code, such as `AccountCoreQuotaReached`.
        error: String,
    },
    /// The state of the pool is not known.
    #[error(
        "its task waits for a node of pool {pool}, which cannot be read: check the handler's role on the Batch account"
    )]
    PoolUnread {
        /// The pool.
        pool: String,
    },
    /// The pool is adding nodes.
    #[error("pool {pool} is growing: it has {nodes} of {target} nodes")]
    Growing {
        /// The pool.
        pool: String,
        /// The nodes that exist.
        nodes: u32,
        /// The target number of nodes.
        target: u32,
    },
    /// All nodes of the pool are in use.
    #[error("all nodes of pool {pool} are in use: raise its maximum, or wait")]
    Full {
        /// The pool.
        pool: String,
    },
    /// Its runner is starting.
    #[error("its runner is starting on pool {pool}")]
    Starting {
        /// The pool.
        pool: String,
    },
    /// Its runner starts, and more are registered than GitHub allows in a minute.
    #[error(
        "GitHub allows {0} registrations a minute, and that many runners were registered: its runner follows; several GitHub Apps allow more"
    )]
    Throttled(usize),
    /// The request for its runner became a poison message.
    #[error("the request for its runner is poison message {0}")]
    Poisoned(String),
    /// Its runner is requested and has no task yet, or the next run of reconciliation requests it.
    #[error("its runner is requested, or will be by the next run of reconciliation")]
    Requested,
    /// Its next runner is requested later.
    #[error("{cause}; its next runner is requested at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true))]
    Delayed {
        /// When it is requested.
        at: DateTime<Utc>,
        /// Why it is not requested now.
        cause: DelayCause,
    },
}

fn missing(label: Option<&str>) -> String {
    match label {
        Some(label) => format!("its label {label:?}"),
        None => "all of its labels: each is a label of some profile, but none has them together"
            .to_owned(),
    }
}

/// Why the next runner of a job is not requested immediately.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DelayCause {
    /// Its last runner was registered, and GitHub gave it no job.
    #[error(
        "its last runner got no job from GitHub: check that the runner group allows the repository, and that runs-on names no other group"
    )]
    NoJob,
    /// Its last runner was given another job, which it rejected.
    #[error("GitHub gave its last runner a job of a repository that is not allowed")]
    Rejected,
    /// A runner that was not read may serve it.
    #[error("not all workflow runs could be read, and a runner of another job may serve it")]
    MissingRuns,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_that_no_profile_has_is_named() {
        let cases = [
            (Some("gpu"), "no profile in setting RunnerProfiles has its label \"gpu\""),
            (
                None,
                "no profile in setting RunnerProfiles has all of its labels: each is a label of some profile, but none has them together",
            ),
        ];
        for (label, expected) in cases {
            assert_eq!(WaitReason::NoProfile(label.map(str::to_owned)).to_string(), expected);
        }
    }
}
