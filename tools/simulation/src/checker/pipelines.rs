//! Checks the jobs of Azure Pipelines, and the agents and tasks that were made for them.
//!
//! - *Lost*: a job without a result, unless its request stays without one for ever, or three agents of it got no job.
//! - *Duplicated*: two tasks of one deployment for one request, while the agent of the first one was free for it.
//! - *Incorrect*: a job with another result than planned, without a fault of its agent; a job that was rejected although
//!   the placeholders were registered; an agent that was registered without a task, or long after the end of its task; a
//!   job that starved although the pool had room.

use super::{Record, Scenario};
use crate::record::TaskRecord;
use crate::record::pipelines::{PipelinesJobRecord, PipelinesRecord};
use crate::scenario::pipelines::Organization;

mod agents;
mod results;
mod starvation;
mod tasks;

#[cfg(test)]
mod tests;

/// The findings about the jobs of Azure Pipelines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelinesFindings {
    /// Jobs.
    pub jobs: u64,
    /// Jobs with the planned result.
    pub served: u64,
    /// Jobs that were cancelled, or whose request stays without a result.
    pub cancelled: u64,
    /// Jobs that ended with their agent, whose run had a fault.
    pub interrupted: u64,
    /// Jobs without a result, after three agents of each got no job.
    pub abandoned: u64,
    /// Agents that opened a session.
    pub agents: u64,
    /// Agents that opened a session and got no job.
    pub unused_agents: u64,
    /// Milliseconds that each served job waited for its agent.
    pub waits: Vec<u64>,
}

/// The violations.
#[derive(Default)]
pub(super) struct Violations {
    pub(super) lost: Vec<String>,
    pub(super) duplicated: Vec<String>,
    pub(super) incorrect: Vec<String>,
}

/// What the checks have: the plan and the record of the organization, and the whole of both.
#[derive(Clone, Copy)]
struct Checked<'a> {
    scenario: &'a Scenario,
    record: &'a Record,
    plan: &'a Organization,
    pipelines: &'a PipelinesRecord,
}

impl PipelinesFindings {
    /// Checks what happened in the organization against what was planned; there is nothing to check without one.
    pub(super) fn of(scenario: &Scenario, record: &Record) -> (Self, Violations) {
        let Some(plan) = &scenario.pipelines else { return Default::default() };
        let checked = Checked { scenario, record, plan, pipelines: &record.pipelines };
        let mut found = Self { jobs: plan.jobs.len() as u64, ..Self::default() };
        let mut violations = Violations::default();
        for job in &checked.pipelines.jobs {
            found.add_job(checked, job, &mut violations);
        }
        let queued = checked.pipelines.jobs.len();
        if queued < plan.jobs.len() {
            let missing = plan.jobs.len() - queued;
            violations.lost.push(format!("{missing} jobs of pipelines were never queued"));
        }
        let connected = checked.pipelines.agents.iter().filter(|agent| agent.online_at.is_some());
        found.agents = connected.clone().count() as u64;
        found.unused_agents =
            connected.filter(|agent| !agents::had_job(checked, agent)).count() as u64;
        violations.duplicated.extend(tasks::duplicated(checked));
        violations.incorrect.extend(results::rejected(checked));
        violations.incorrect.extend(agents::incorrect(checked));
        violations.incorrect.extend(starvation::all(checked));
        (found, violations)
    }

    /// Counts a job by its outcome.
    fn add_job(
        &mut self,
        checked: Checked<'_>,
        job: &PipelinesJobRecord,
        violations: &mut Violations,
    ) {
        match results::outcome(checked, job) {
            results::Outcome::Served => {
                self.served += 1;
                let started_at = job.started().and_then(|one| one.started_at);
                self.waits.extend(started_at.map(|at| at.saturating_sub(job.queued_at)));
            }
            results::Outcome::Cancelled => self.cancelled += 1,
            results::Outcome::Interrupted => self.interrupted += 1,
            results::Outcome::Abandoned => self.abandoned += 1,
            results::Outcome::Lost => violations.lost.push(describe(checked, job)),
            results::Outcome::Wrong => {
                let text = describe(checked, job);
                violations.incorrect.push(format!("ended without a fault: {text}"));
            }
        }
    }

    /// Adds those of another simulation.
    pub(crate) fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.served += other.served;
        self.cancelled += other.cancelled;
        self.interrupted += other.interrupted;
        self.abandoned += other.abandoned;
        self.agents += other.agents;
        self.unused_agents += other.unused_agents;
        self.waits.extend_from_slice(&other.waits);
    }
}

impl<'a> Checked<'a> {
    /// Returns the number of a task among those of a request; `None` if it was made for another one.
    fn number_for(self, task: &TaskRecord, request: u64) -> Option<u32> {
        let deployment = &self.scenario.deployments[task.deployment];
        let id = deployment.read_agent(&task.id)?;
        (id.job == request).then_some(id.replacement)
    }

    /// Lists the tasks that were made for a request.
    fn tasks_for(self, request: u64) -> impl Iterator<Item = &'a TaskRecord> {
        let tasks = self.pipelines.tasks.iter();
        tasks.filter(move |task| self.number_for(task, request).is_some())
    }

    /// Lists the tasks of an agent: after a Batch job was disabled, another one may hold a task of the same name.
    fn tasks_of(self, agent: &str) -> impl Iterator<Item = &'a TaskRecord> {
        self.pipelines.tasks.iter().filter(move |task| task.id == agent)
    }
}

/// Describes a job and the tasks that were made for it.
fn describe(checked: Checked<'_>, job: &PipelinesJobRecord) -> String {
    use super::describe::{clock, of_task};
    let mut parts = vec![format!(
        "job request {} (index {}) queued at {}",
        job.request,
        job.planned,
        clock(job.queued_at)
    )];
    for (what, at) in [("cancelled", job.cancelled_at), ("ended", job.ended_at)] {
        parts.extend(at.map(|at| format!("{what} at {}", clock(at))));
    }
    parts.extend(job.result.clone());
    let reservation = |one: &crate::record::pipelines::Reservation| {
        let started = one.started_at.map(|at| format!(", started at {}", clock(at)));
        format!("{} reserved at {}{}", one.agent, clock(one.at), started.unwrap_or_default())
    };
    parts.extend(job.reservations.iter().map(reservation));
    parts.extend(checked.tasks_for(job.request).map(of_task));
    parts.join("; ")
}
