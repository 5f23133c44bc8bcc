//! The jobs of Azure Pipelines that wait or run, and the reason why each waits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::dto::{Agent, JobRequest};
use super::plan::{Action, AgentTask, Plan, PoolSnapshot, Unservable};
use crate::reconcile::snapshot::Stage;
use crate::task::TaskId;

/// A job of an agent pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PipelinesJob {
    /// The id of its job request.
    pub request: u64,
    /// The name of the agent pool.
    pub pool: String,
    /// The name of the pipeline.
    pub pipeline: String,
    /// The name of the job.
    pub job: String,
    /// The id of the run.
    pub run: u64,
    /// When it was queued, if Azure DevOps stated it.
    pub queued_at: Option<DateTime<Utc>>,
    /// The agent that runs it.
    pub agent: Option<String>,
    /// Why it waits; `None` if it runs.
    pub wait_reason: Option<String>,
}

/// Lists the jobs of a pool, those that were queued first at the beginning.
pub fn jobs(pool: &str, snapshot: &PoolSnapshot<'_>, plan: &Plan) -> Vec<PipelinesJob> {
    let mut jobs: Vec<PipelinesJob> = snapshot
        .requests
        .iter()
        .filter(|request| request.result.is_none())
        .map(|request| job(pool, request, snapshot, plan))
        .collect();
    jobs.sort_by_key(|job| (job.queued_at, job.request));
    jobs
}

fn job(pool: &str, request: &JobRequest, snapshot: &PoolSnapshot<'_>, plan: &Plan) -> PipelinesJob {
    let runs = request.receive_time.is_some();
    let agent = request.reserved_agent.as_ref().map(|agent| agent.name.clone());
    PipelinesJob {
        request: request.request_id,
        pool: pool.to_owned(),
        pipeline: request.definition.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
        job: request.job_name.clone(),
        run: request.owner.as_ref().map(|owner| owner.id).unwrap_or_default(),
        queued_at: request.queue_time,
        agent: agent.filter(|_| runs),
        wait_reason: (!runs).then(|| wait_reason(request, snapshot, plan)),
    }
}

fn wait_reason(request: &JobRequest, snapshot: &PoolSnapshot<'_>, plan: &Plan) -> String {
    let id = request.request_id;
    if !request.is_waiting(&snapshot.agents) {
        let agent = request.reserved_agent.as_ref().map(|agent| agent.name.as_str());
        return format!(
            "Azure DevOps has given it to agent {}, which has not acknowledged it",
            agent.unwrap_or("?")
        );
    }
    if let Some(found) = plan.waiting.iter().find(|one| one.request == id) {
        return found.why.text().to_owned();
    }
    if let Some(task) = plan.covered.get(&id) {
        return with_task(task, snapshot);
    }
    let added = plan.actions.iter().find_map(|action| match action {
        Action::Add { id: task, .. } if task.job == id => Some(task.to_string()),
        _ => None,
    });
    match added {
        Some(task) => format!("task {task} will be added by the next run of ReconcileRunners"),
        None => "the next run of ReconcileRunners decides".to_owned(),
    }
}

/// States how far the task is that covers a request.
fn with_task(id: &TaskId, snapshot: &PoolSnapshot<'_>) -> String {
    let task = snapshot.tasks.iter().find(|task| task.id == *id);
    let is_held =
        |task: &AgentTask| task.stage == Stage::Waiting && snapshot.paused.contains(&task.profile);
    if task.is_some_and(is_held) {
        return Unservable::Paused.text().to_owned();
    }
    let agent = snapshot.agents.iter().find(|agent| agent.name == id.to_string());
    let started = task.is_some_and(|task: &AgentTask| matches!(task.stage, Stage::Started { .. }));
    match agent {
        Some(agent) if Agent::is_online(agent) => format!(
            "agent {id} is online, and Azure DevOps has not given it the job: a parallel job may be missing"
        ),
        Some(_) => format!("agent {id} starts"),
        None if started => format!("task {id} starts its agent"),
        None => format!("task {id} waits for a node"),
    }
}

impl Unservable {
    /// Returns the reason in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoProfile => {
                "no profile of its agent pool has capabilities that meet its demands: add them to a profile in RunnerProfiles"
            }
            Self::OfOthers => "another deployment serves it first",
            Self::Paused => "its profile is paused: it starts when the profile is resumed",
            Self::NotAssigned => {
                "its agents got no job: the run may have been cancelled, or the organization has no free parallel job; cancel the run, or queue it again"
            }
            Self::Later => "its agents ended without a job; it gets another one later",
        }
    }
}
