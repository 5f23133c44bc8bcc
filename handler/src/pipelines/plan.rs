//! Decides what is done for the jobs of one pool: a pure function of what the services have listed, and of the time.
//!
//! A waiting request is covered if a live task whose agent is free exists for it. Azure DevOps gives a job to any agent that
//! meets its demands, so the agent that was made for one request often serves another: a task covers its own request first,
//! and any other request of its profile otherwise. A request that is not covered gets a task, whose id is derived from the
//! id of the request: two processes that decide the same at the same time name the same task. Nothing is remembered between
//! runs, and a run that finds everything covered changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::demand::NotServed;
use super::dto::{Agent, JobRequest};
use crate::batch_job::BatchJobId;
use crate::ordered::InsertEach;
use crate::profiles::PipelinesProfile;
use crate::reconcile::snapshot::{Ending, Stage};
use crate::task::{DeploymentName, TaskId};

mod action;
mod agents;
mod attempts;
mod placeholders;

pub use action::Action;
pub use agents::{Removal, START_TIMEOUT};
pub use attempts::MAX_IDLE_AGENTS;

/// What the services have listed about one pool of Azure DevOps. The tasks were listed before the agents, and these
/// before the requests.
#[derive(Debug)]
pub struct PoolSnapshot<'a> {
    /// The profiles of the pool, in the order of the settings.
    pub profiles: Vec<&'a PipelinesProfile>,
    /// All agents of the pool.
    pub agents: Vec<Agent>,
    /// All job requests of the pool that have no result.
    pub requests: Vec<JobRequest>,
    /// The tasks of these profiles, also those that have ended.
    pub tasks: Vec<AgentTask>,
    /// Whether all agents and requests could be read. Otherwise nothing is removed, since what seems to be missing may exist.
    pub complete: bool,
    /// The names of the profiles that operators have paused.
    pub paused: BTreeSet<String>,
}

/// The task of an agent.
#[derive(Clone, Debug)]
pub struct AgentTask {
    /// Its id, which is also the name of its agent; its `job` is the id of the request that it was made for.
    pub id: TaskId,
    /// Its profile.
    pub profile: String,
    /// The Batch job that contains it.
    pub batch_job: BatchJobId,
    /// How far it is.
    pub stage: Stage,
    /// When its container started.
    pub began: Option<DateTime<Utc>>,
    /// The node on which it ran.
    pub node: Option<String>,
    /// Its exit code.
    pub exit: Option<i32>,
}

/// What a plan depends on besides the snapshot.
#[derive(Clone, Debug)]
pub struct PlanRules {
    /// The name of the deployment.
    pub deployment: DeploymentName,
    /// How long an agent may idle.
    pub idle: TimeDelta,
    /// How long a task is kept after its end.
    pub retention: TimeDelta,
}

/// A request that waits without a task.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WaitingRequest {
    /// The id of the request.
    pub request: u64,
    /// Why it gets none.
    pub why: Unservable,
}

/// Why a request gets no task.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Unservable {
    /// No profile of its pool meets its demands.
    NoProfile,
    /// Another deployment serves it first.
    OfOthers,
    /// Its profile is paused, and no task of it starts.
    Paused,
    /// Several agents got no job: its run may have been cancelled, or the organization has no parallel job for it.
    NotAssigned,
    /// It gets another agent later, since earlier ones ended without a job.
    Later,
}

/// The decision about one pool.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// The requests that get no task.
    pub waiting: Vec<WaitingRequest>,
    /// The live task that covers each other waiting request.
    pub covered: BTreeMap<u64, TaskId>,
}

/// Decides what is done.
pub fn plan(snapshot: &PoolSnapshot<'_>, rules: &PlanRules, now: DateTime<Utc>) -> Plan {
    let mut plan = Plan::default();
    plan.actions.extend(placeholders::due(snapshot, rules));
    let ended = agents::due(snapshot, rules, now);
    let leaving: BTreeSet<String> = ended.iter().filter_map(removed).insert_each();
    plan.actions.extend(ended);
    let mut free = free_tasks(snapshot, rules, now);
    free.retain(|task| !leaving.contains(&task.id.to_string()));
    cover((snapshot, &leaving), rules, now, &mut free, &mut plan);
    let surplus = free.into_iter().filter(|task| matches!(task.stage, Stage::Waiting));
    let terminate = |task: &AgentTask| {
        Action::Terminate(task.batch_job.clone(), task.id.clone(), Removal::NotNeeded)
    };
    plan.actions.extend(surplus.map(terminate));
    plan.actions.extend(old_tasks(snapshot, rules, now));
    if !snapshot.complete {
        plan.actions.retain(|action| matches!(action, Action::Add { .. } | Action::Disable(..)));
    }
    plan
}

/// Returns the name of the agent that an action removes or that has lost its task.
fn removed(action: &Action) -> Option<String> {
    match action {
        Action::Remove { name, .. } => Some(name.clone()),
        Action::Terminate(_, id, _) => Some(id.to_string()),
        _ => None,
    }
}

/// Lists the live tasks whose agents are free, or may become free.
fn free_tasks<'s>(
    snapshot: &'s PoolSnapshot<'_>,
    rules: &PlanRules,
    now: DateTime<Utc>,
) -> Vec<&'s AgentTask> {
    let agents: BTreeMap<&str, &Agent> =
        snapshot.agents.iter().map(|agent| (agent.name.as_str(), agent)).insert_each();
    let is_free = |task: &&AgentTask| {
        let agent = agents.get(task.id.to_string().as_str());
        match (&task.stage, agent) {
            (Stage::Ended { .. } | Stage::Unschedulable, _) => false,
            (Stage::Started { at: Some(at) }, None) => now - *at < START_TIMEOUT,
            (_, None) => true,
            (_, Some(agent)) => {
                agent.enabled
                    && !agents::has_job(agent, &snapshot.requests)
                    && agent.last_completed_request.is_none()
                    && !agents::is_overdue(agent, rules, now)
            }
        }
    };
    snapshot.tasks.iter().filter(is_free).collect()
}

/// Covers each waiting request with a free task, which is removed from the list, or adds one.
fn cover(
    (snapshot, leaving): (&PoolSnapshot<'_>, &BTreeSet<String>),
    rules: &PlanRules,
    now: DateTime<Utc>,
    free: &mut Vec<&AgentTask>,
    plan: &mut Plan,
) {
    // The agent that is reserved for a request may be one that cannot be read.
    let is_known = |request: &&JobRequest| snapshot.complete || request.reserved_agent.is_none();
    let waiting = snapshot.requests.iter().filter(is_known);
    // A list that changes while it is read may contain a request twice.
    let mut seen = BTreeSet::new();
    let waiting = waiting
        .filter(|request| request.is_waiting(&snapshot.agents) && seen.insert(request.request_id));
    let mut uncovered = Vec::new();
    for request in waiting {
        let own = free.iter().position(|task| task.id.job == request.request_id);
        match own {
            Some(own) => {
                plan.covered.insert(request.request_id, free.remove(own).id.clone());
            }
            None => uncovered.push(request),
        }
    }
    for request in uncovered {
        let served = request.profile(&snapshot.profiles, &snapshot.agents, &rules.deployment, now);
        let profile = match served {
            Ok(profile) => profile,
            Err(why) => {
                let why = match why {
                    NotServed::NoProfile => Unservable::NoProfile,
                    NotServed::OfOthers => Unservable::OfOthers,
                };
                plan.waiting.push(WaitingRequest { request: request.request_id, why });
                continue;
            }
        };
        match free.iter().position(|task| task.profile == profile.name) {
            Some(other) => {
                plan.covered.insert(request.request_id, free.remove(other).id.clone());
            }
            None if snapshot.paused.contains(&profile.name) => {
                let (request, why) = (request.request_id, Unservable::Paused);
                plan.waiting.push(WaitingRequest { request, why });
            }
            None => attempts::add(request, profile, (snapshot, leaving), rules, now, plan),
        }
    }
}

/// Lists the deletions of tasks that ended long ago.
fn old_tasks<'s>(
    snapshot: &'s PoolSnapshot<'_>,
    rules: &'s PlanRules,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Action> + 's {
    let is_open = |task: &AgentTask| {
        snapshot.requests.iter().any(|request| request.request_id == task.id.job)
    };
    let old = snapshot.tasks.iter().filter(move |task| match task.stage {
        Stage::Ended { at, .. } => now - at >= rules.retention && !is_open(task),
        _ => false,
    });
    old.map(|task| Action::Delete(task.batch_job.clone(), task.id.clone()))
}

/// Returns whether a task was terminated, by this deployment as a rule.
fn was_terminated(task: &AgentTask) -> bool {
    matches!(task.stage, Stage::Ended { how: Ending::Terminated, .. })
}

#[cfg(test)]
mod tests;
