//! Scheduled faults: those that happen at a given time, in addition to the faults of single calls.

use serde::{Deserialize, Serialize};

use crate::scenario::Callee;

/// A fault that happens at a given time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ScheduledFault {
    /// The time.
    pub at: u64,
    /// The fault.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// The kinds of scheduled faults. A deployment is named by its index in the scenario, a pool by its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(missing_docs, reason = "the fields are described above, or by their variant")]
pub enum FaultKind {
    /// The process of a function group is killed with everything it does; another one starts.
    Kill { deployment: usize, group: Group },
    /// The Functions host of a function group shuts down, cuts what is in work after 30 s, and starts again.
    HostRestart { deployment: usize, group: Group },
    /// The process of a function group answers nothing that begins within some seconds. Its invocations time out, and
    /// two at once end the host.
    Hang { deployment: usize, group: Group, seconds: u64 },
    /// A node that runs something, if there is one, is lost with everything on it.
    LoseNode { deployment: usize, pool: String, preempted: bool },
    /// A pool is full: no task starts on it for some seconds.
    PoolFull { deployment: usize, pool: String, seconds: u64 },
    /// A pool gets no new node for some seconds.
    NoNodes { deployment: usize, pool: String, seconds: u64 },
    /// The next resize of a pool ends without a node.
    ResizeFails { deployment: usize, pool: String, error: ResizeError },
    /// The formula of a pool fails for some seconds; a pool without a formula is skipped.
    ScalingFails { deployment: usize, pool: String, seconds: u64 },
    /// Another team's runner registers where a deployment's runners do, serves a limited number of jobs, and leaves after
    /// some seconds.
    ForeignRunner {
        deployment: usize,
        repository: String,
        labels: Vec<String>,
        jobs: u32,
        seconds: u64,
    },
    /// Others register a runner where a deployment's runners are registered, with a name that the deployment could have
    /// given. It serves a limited number of jobs if it connects, and is not removed, or only after some seconds.
    NamedLikeOurs {
        deployment: usize,
        repository: String,
        labels: Vec<String>,
        name: LikeOurs,
        persistent: bool,
        jobs: u32,
        seconds: u64,
    },
    /// GitHub assigns no job to any runner for some seconds.
    NoAssignment { seconds: u64 },
    /// The handler's clock is this many milliseconds ahead for some seconds.
    ClockSkew { deployment: usize, milliseconds: i64, seconds: u64 },
    /// GitHub answers most requests with 429 and this `Retry-After` for some seconds.
    RateLimitBurst { retry_after: u32, seconds: u64 },
    /// A service answers with 503, or not at all, for some seconds.
    Outage { callee: Callee, seconds: u64 },
    /// GitHub refuses the credential of a deployment for some seconds: for all operations, or for one of them.
    Refusal { deployment: usize, operation: Option<String>, refusal: Refusal, seconds: u64 },
    /// The credential of a deployment has no access to a repository for some seconds: everything in it is 404.
    RepositoryHidden { deployment: usize, repository: String, seconds: u64 },
    /// A repository is removed from the settings of a deployment, and from its runner group, for some seconds.
    SettingsNarrowed { deployment: usize, repository: String, seconds: u64 },
    /// A repository of a deployment, which does not serve public ones, is public for some seconds.
    MadePublic { deployment: usize, repository: String, seconds: u64 },
    /// A repository gets another name, to which GitHub redirects; the deployment's settings cover both names.
    RepositoryRenamed { deployment: usize, repository: String },
    /// For some seconds the runner group of a deployment is open to its neighbours for a short time after each
    /// registration, which the preceding claim has not seen.
    GroupOpened { deployment: usize, seconds: u64 },
    /// A node of a pool has no route to GitHub for some seconds: runners that start there open no session.
    RouteBroken { deployment: usize, pool: String, seconds: u64 },
    /// An operator pauses a profile, and resumes it after some seconds.
    ProfilePaused { deployment: usize, profile: String, seconds: u64 },
    /// An operator disables the Batch job of a profile; its running tasks return to the queue.
    JobDisabled { deployment: usize, profile: String },
    /// Azure DevOps answers most requests of the handler with 429 and this `Retry-After` for some seconds.
    PipelinesThrottled { retry_after: u32, seconds: u64 },
    /// The personal access token of the handlers has expired, until an operator renews it after some seconds.
    TokenExpired { seconds: u64 },
    /// Azure DevOps assigns no job to any agent for some seconds.
    NoAgentAssignment { seconds: u64 },
    /// An operator disables the service hooks for some seconds.
    HooksDisabled { seconds: u64 },
}

/// A function group: functions that share a process.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// ProvideActionsRunner and ClaimRunner.
    Http,
    /// SubmitRunnerTask.
    Submit,
    /// ReconcileRunners.
    Reconcile,
}

/// The name of a runner that others registered.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LikeOurs {
    /// A small number, such as `gh-1`.
    Numbered,
    /// The name of the task of a job that waits.
    OfWaitingJob,
    /// The name of the task of a job that is queued next.
    OfNextJob,
}

/// The form in which GitHub refuses a credential.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// 401: it was revoked or has expired.
    Unauthorized,
    /// 403: it is not authorized for the organization's single sign-on.
    SingleSignOn,
    /// 403: the address is not on the organization's list.
    IpAllowList,
    /// 403: it lacks a permission.
    Permission,
}

/// The error of a resize.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeError {
    /// The account's core quota is reached.
    Quota,
    /// No machines are available.
    Allocation,
}

/// The end of the name that a repository gets when it is renamed.
pub const RENAMED: &str = "-renamed";

impl FaultKind {
    /// Returns how many seconds it lasts.
    pub fn lasts(&self) -> u64 {
        match self {
            Self::PoolFull { seconds, .. }
            | Self::NoNodes { seconds, .. }
            | Self::ScalingFails { seconds, .. }
            | Self::ForeignRunner { seconds, .. }
            | Self::NamedLikeOurs { seconds, .. }
            | Self::Refusal { seconds, .. }
            | Self::RepositoryHidden { seconds, .. }
            | Self::SettingsNarrowed { seconds, .. }
            | Self::MadePublic { seconds, .. }
            | Self::NoAssignment { seconds }
            | Self::ClockSkew { seconds, .. }
            | Self::RateLimitBurst { seconds, .. }
            | Self::GroupOpened { seconds, .. }
            | Self::RouteBroken { seconds, .. }
            | Self::Hang { seconds, .. }
            | Self::ProfilePaused { seconds, .. }
            | Self::PipelinesThrottled { seconds, .. }
            | Self::TokenExpired { seconds }
            | Self::NoAgentAssignment { seconds }
            | Self::HooksDisabled { seconds }
            | Self::Outage { seconds, .. } => *seconds,
            Self::Kill { .. }
            | Self::HostRestart { .. }
            | Self::LoseNode { .. }
            | Self::ResizeFails { .. }
            | Self::RepositoryRenamed { .. }
            | Self::JobDisabled { .. } => 0,
        }
    }
}

impl ScheduledFault {
    /// Returns the time at which it is over.
    pub fn ends_at(&self) -> u64 {
        self.at + self.kind.lasts()
    }

    /// Returns whether it lasts at this time.
    pub fn lasts_at(&self, at: u64) -> bool {
        (self.at..self.ends_at()).contains(&at)
    }
}
