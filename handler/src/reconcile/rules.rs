//! The settings that a run follows.

use chrono::TimeDelta;

use super::Snapshot;
use crate::admission::Policy;
use crate::assignment::ChainRules;
use crate::polling::{DemandSource, PollingCost};
use crate::scope::Scope;
use crate::task::DeploymentName;

/// The settings that a run follows.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The deployment: tasks and runners of other names are left alone.
    pub deployment: DeploymentName,
    /// Where runners are registered.
    pub scope: Scope,
    /// Which jobs are served, and by which profiles.
    pub policy: Policy,
    /// How jobs become known.
    pub demand: DemandSource,
    /// The time between two runs.
    pub period: TimeDelta,
    /// How long a runner may idle that no job needs.
    pub idle: TimeDelta,
    /// How long a job may wait before an alert states why.
    pub no_capacity: TimeDelta,
    /// How long an ended task is kept: assignment chains lead through it.
    pub keep_ended: TimeDelta,
    /// Whether the run of a job that cannot be served is cancelled.
    pub cancel_unservable: bool,
    /// Whether runners register by a token, without a claim.
    pub registers_by_token: bool,
    /// The number of runners that the credentials may register in a minute.
    pub registrations: usize,
}

impl Rules {
    /// Returns what it costs to poll the repositories of a snapshot; `None` if jobs become known by webhooks.
    pub fn polling_cost(&self, snapshot: &Snapshot) -> Option<PollingCost> {
        let polls = self.demand == DemandSource::Polling;
        polls.then(|| PollingCost::new(snapshot.runs.polled, self.period))
    }

    /// Returns the rules for the assignment chains of this deployment.
    pub fn chains(&self) -> ChainRules {
        let (deployment, scope) = (self.deployment.clone(), self.scope.clone());
        ChainRules { deployment, scope, allowed: self.policy.allowed.clone() }
    }
}

/// How long a task may run while its runner is not connected and has no job.
///
/// A runner connects within seconds of its registration, its image ends it after ten minutes without a session, and
/// its task ends within seconds of its job. This limit is for images that do not end, for processes that a job has
/// stopped or left behind, and for registrations that were removed.
pub const MAX_OFFLINE: TimeDelta = TimeDelta::minutes(15);

/// How long a task may run after its job has ended, or after its runner was deregistered.
///
/// A runner and its container end within seconds of the job; the image ends them after a minute. This limit is for what
/// a job has left behind: a stopped process, or a container that its image does not end.
pub const MAX_ENDING: TimeDelta = TimeDelta::minutes(5);
