//! Records the events of Azure Pipelines.

use chrono::{DateTime, Utc};
use emulator_core::events::PipelinesEvent;
use handler::pipelines::names::parse_placeholder;
use handler::task::DeploymentName;

use super::{Recorder, timestamp};
use crate::record::Record;
use crate::record::pipelines::{AgentRecord, PipelinesJobRecord, PipelinesRecord, Reservation};
use crate::scenario::pipelines::AgentProfile;

impl Recorder {
    /// Records that a job of the organization waits.
    pub(in super::super) fn pipelines_queued(&self, planned: usize, request: u64) {
        let now = self.now();
        self.line(&format!("job request {request} (planned {planned}) queued"));
        let mut state = self.state();
        state.last_activity = now;
        state.record.pipelines.jobs.push(PipelinesJobRecord {
            planned,
            request,
            queued_at: now,
            reservations: Vec::new(),
            ended_at: None,
            result: None,
            cancelled_at: None,
            is_orphaned: false,
        });
    }

    /// Records that a job was rejected because no agent of the pool meets its demands.
    pub(in super::super) fn pipelines_rejected(&self) {
        let now = self.now();
        self.line("a job of the organization was rejected");
        self.state().record.pipelines.rejected.push(now);
    }

    /// Records that a run was cancelled, and whether its request stays without a result.
    pub(in super::super) fn pipelines_cancelled(&self, request: u64, is_orphaned: bool) {
        let now = self.now();
        let orphaned = if is_orphaned { ", its request stays" } else { "" };
        self.line(&format!("run of job request {request} cancelled{orphaned}"));
        self.state().record.pipelines.with_job(request, |job| {
            (job.cancelled_at, job.is_orphaned) = (Some(now), is_orphaned);
        });
    }

    /// Lists the requests that stay without a result.
    pub(in super::super) fn orphaned(&self) -> Vec<u64> {
        let state = self.state();
        let orphaned = state.record.pipelines.jobs.iter().filter(|job| job.is_orphaned);
        orphaned.map(|job| job.request).collect()
    }

    /// Records an event of the organization.
    pub(in super::super) fn on_pipelines_event(&self, at: DateTime<Utc>, kind: &PipelinesEvent) {
        let now = self.since(at);
        let mut state = self.state();
        state.trace.push(format!("{} {kind:?}", timestamp(now)));
        if !matches!(kind, PipelinesEvent::Delivered { .. }) {
            state.last_activity = now;
        }
        if let PipelinesEvent::AgentRegistered { agent } = kind
            && let Some((_, profile)) = parse_placeholder(agent)
        {
            state.placeholders.insert(profile.to_owned());
            let all = state.placeholders.len() == AgentProfile::ALL.len();
            let ready_at = &mut state.record.pipelines.ready_at;
            *ready_at = ready_at.or(all.then_some(now));
            return;
        }
        state.record.pipelines.apply(kind, now);
    }

    /// Moves the tasks of agents to the record of the organization.
    pub(super) fn set_agents_apart(&self, record: &mut Record) {
        let is_of_agent = |task: &crate::record::TaskRecord| {
            let name = self.names[task.deployment].parse::<DeploymentName>();
            name.is_ok_and(|name| name.of_agents().parse_task(&task.id).is_some())
        };
        let tasks = std::mem::take(&mut record.tasks);
        (record.pipelines.tasks, record.tasks) = tasks.into_iter().partition(is_of_agent);
    }
}

impl PipelinesRecord {
    fn with_job(&mut self, request: u64, change: impl FnOnce(&mut PipelinesJobRecord)) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.request == request) {
            change(job);
        }
    }

    /// Changes the latest reservation for a request.
    fn with_reservation(&mut self, request: u64, change: impl FnOnce(&mut Reservation)) {
        self.with_job(request, |job| {
            if let Some(last) = job.reservations.last_mut() {
                change(last);
            }
        });
    }

    fn with_agent(&mut self, name: &str, change: impl FnOnce(&mut AgentRecord)) {
        if let Some(agent) = self.agents.iter_mut().rfind(|agent| agent.name == name) {
            change(agent);
        }
    }

    fn apply(&mut self, kind: &PipelinesEvent, now: u64) {
        match kind {
            PipelinesEvent::AgentRegistered { agent } => self.agents.push(AgentRecord {
                name: agent.clone(),
                registered_at: now,
                online_at: None,
                removed_at: None,
            }),
            PipelinesEvent::AgentOnline { agent } => {
                self.with_agent(agent, |agent| agent.online_at = agent.online_at.or(Some(now)));
            }
            PipelinesEvent::AgentRemoved { agent } => {
                self.with_agent(agent, |agent| agent.removed_at = Some(now));
            }
            PipelinesEvent::Assigned { request, agent } => {
                let agent = agent.clone();
                let made = Reservation { agent, at: now, started_at: None, ended_at: None };
                self.with_job(*request, |job| job.reservations.push(made));
            }
            PipelinesEvent::Started { request, .. } => {
                self.with_reservation(*request, |last| last.started_at = Some(now));
            }
            PipelinesEvent::Requeued { request, .. } => {
                self.with_reservation(*request, |last| last.ended_at = Some(now));
            }
            PipelinesEvent::Done { request, result } => {
                let result = Some((*result).to_owned());
                self.with_job(*request, |job| (job.ended_at, job.result) = (Some(now), result));
                let end = |last: &mut Reservation| last.ended_at = last.ended_at.or(Some(now));
                self.with_reservation(*request, end);
            }
            _ => {}
        }
    }
}
