//! What is done with the agents of this deployment. Agents with other names are never touched.
//!
//! An agent that has a job is disabled, so that it gets no second one; it is deleted when the job has ended. The service
//! refuses to delete an agent that has a job, and a deletion that succeeded would cancel the job.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Action, AgentTask, PlanRules, PoolSnapshot};
use crate::ordered::InsertEach;
use crate::pipelines::dto::{Agent, JobRequest};
use crate::reconcile::snapshot::Stage;

/// How long a started task may be without an agent that is online.
pub const START_TIMEOUT: TimeDelta = TimeDelta::minutes(15);
/// How long the container of an agent may run after the end of its job.
const END_TIMEOUT: TimeDelta = TimeDelta::minutes(5);
/// How long an agent may be registered without a task. The list of tasks is read before that of agents.
const NO_TASK_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

/// Why an agent or a task is removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// Its job has ended.
    Served,
    /// Its task has ended without a job.
    TaskEnded,
    /// There is no task of its name.
    NoTask,
    /// It got no job.
    Idle,
    /// It is not online.
    Lost,
    /// No request needs it.
    NotNeeded,
    /// The settings do not have its profile any more.
    FormerProfile,
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Served => "its job has ended",
            Self::TaskEnded => "its task has ended",
            Self::NoTask => "it has no task",
            Self::Idle => "it has got no job",
            Self::Lost => "it is not online",
            Self::NotNeeded => "no job needs it",
            Self::FormerProfile => "its profile is not in the settings",
        })
    }
}

/// Lists what is due for the agents of this deployment, and for started tasks without one.
pub(super) fn due(
    snapshot: &PoolSnapshot<'_>,
    rules: &PlanRules,
    now: DateTime<Utc>,
) -> Vec<Action> {
    let tasks: BTreeMap<String, &AgentTask> =
        snapshot.tasks.iter().map(|task| (task.id.to_string(), task)).insert_each();
    let names = rules.deployment.of_agents();
    let ours = snapshot.agents.iter().filter(|agent| names.parse_task(&agent.name).is_some());
    let of_agents = ours.filter_map(|agent| {
        let task = tasks.get(&agent.name).copied();
        of_agent(agent, task, &snapshot.requests, rules, now)
    });
    let lost = snapshot.tasks.iter().filter(|task| {
        let has_agent = snapshot.agents.iter().any(|agent| agent.name == task.id.to_string());
        match task.stage {
            Stage::Started { at: Some(at) } => !has_agent && now - at >= START_TIMEOUT,
            Stage::Unschedulable => !has_agent,
            _ => false,
        }
    });
    let lost =
        lost.map(|task| Action::Terminate(task.batch_job.clone(), task.id.clone(), Removal::Lost));
    of_agents.chain(lost).collect()
}

fn of_agent(
    agent: &Agent,
    task: Option<&AgentTask>,
    requests: &[JobRequest],
    rules: &PlanRules,
    now: DateTime<Utc>,
) -> Option<Action> {
    let disable = || agent.enabled.then(|| Action::Disable(agent.id, agent.name.clone()));
    if has_job(agent, requests) {
        return if has_started(agent, requests) || task.is_none_or(has_ended) {
            disable()
        } else {
            None
        };
    }
    let served = agent.last_completed_request.as_ref();
    let live = task.filter(|task| !has_ended(task));
    let why = match (task, served) {
        (Some(task), None) if has_ended(task) => Removal::TaskEnded,
        (Some(task), Some(_)) if has_ended(task) => Removal::Served,
        (None, _) => {
            let is_old = agent.created_on.is_none_or(|made| now - made >= NO_TASK_TIMEOUT);
            return is_old.then(|| remove(agent, None, Removal::NoTask));
        }
        (Some(_), Some(served)) => {
            let ended = served.finish_time.unwrap_or(now);
            if agent.is_online() && now - ended < END_TIMEOUT {
                return disable();
            }
            // The container ends on its own after its agent.
            let live = live.filter(|_| agent.is_online());
            return Some(remove(agent, live, Removal::Served));
        }
        (Some(_), None) if is_overdue(agent, rules, now) => {
            if agent.is_online() {
                Removal::Idle
            } else {
                Removal::Lost
            }
        }
        (Some(_), None) => return None,
    };
    Some(remove(agent, live, why))
}

fn remove(agent: &Agent, task: Option<&AgentTask>, why: Removal) -> Action {
    Action::Remove {
        agent: agent.id,
        name: agent.name.clone(),
        enabled: agent.enabled,
        task: task.map(|task| (task.batch_job.clone(), task.id.clone())),
        why,
    }
}

/// Returns whether an agent without a job has been online for too long, or offline since its registration.
pub(super) fn is_overdue(agent: &Agent, rules: &PlanRules, now: DateTime<Utc>) -> bool {
    let since = agent.status_changed_on.or(agent.created_on);
    let limit = if agent.is_online() { rules.idle } else { START_TIMEOUT };
    since.is_some_and(|since| now - since >= limit)
}

/// Returns whether an agent is reserved for a request.
pub(super) fn has_job(agent: &Agent, requests: &[JobRequest]) -> bool {
    agent.assigned_request.is_some() || of(agent, requests).is_some()
}

fn has_started(agent: &Agent, requests: &[JobRequest]) -> bool {
    of(agent, requests).is_some_and(|request| request.receive_time.is_some())
}

fn of<'r>(agent: &Agent, requests: &'r [JobRequest]) -> Option<&'r JobRequest> {
    let is = |request: &&JobRequest| {
        request.reserved_agent.as_ref().is_some_and(|reserved| reserved.id == agent.id)
    };
    requests.iter().find(is)
}

fn has_ended(task: &AgentTask) -> bool {
    matches!(task.stage, Stage::Ended { .. })
}
