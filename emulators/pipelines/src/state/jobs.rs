//! Runs of pipelines and their jobs.

use chrono::{DateTime, TimeDelta, Utc};

use emulator_core::events::PipelinesEvent;

use super::{State, next};
use crate::model::agent::Message;
use crate::model::demand::Demand;
use crate::model::request::{JobRequest, JobState, TaskResult};
use crate::model::run::{NewJob, Queued, Run};

impl State {
    /// Queues a job. If no registered agent meets its demands, online or not, it is rejected at once.
    pub(crate) fn queue_job(&mut self, new: NewJob, now: DateTime<Utc>) -> Queued {
        let Some(pool) = self.pool_named(&new.pool).cloned() else {
            return Queued::Invalid(format!("no pool is named {}", new.pool));
        };
        let mut demands = new.demands.clone();
        if !new.minimum_version.is_empty() {
            demands.push(format!("Agent.Version -gtVersion {}", new.minimum_version));
        }
        let parsed: Option<Vec<Demand>> = demands.iter().map(|text| Demand::parse(text)).collect();
        let Some(parsed) = parsed else {
            return Queued::Invalid("a demand has another form than those modelled".to_owned());
        };
        let Some(run) = self.run_of(&new, now) else {
            return Queued::Invalid("there is no such run".to_owned());
        };
        let id = next(&mut self.ids.request);
        let request = JobRequest {
            id,
            pool: pool.id,
            run,
            job_id: self.guid(),
            job_name: new.job,
            demands,
            parsed,
            queue_time: now,
            listed_from: now + TimeDelta::milliseconds(new.listed_after_ms.into()),
            assign_time: None,
            receive_time: None,
            finish_time: None,
            locked_until: None,
            renewed: None,
            reserved_agent: None,
            result: None,
            orphaned: false,
            work: new.work,
        };
        let is_met = self.agents_of(pool.id).any(|known| request.matches(known.capabilities()));
        let listed = request.demands.join(", ");
        self.requests.insert(id, request);
        if !is_met && !pool.is_hosted {
            return self.reject(id, run, &pool.name, &listed, now);
        }
        self.emit(PipelinesEvent::Queued { request: id });
        self.notify(id, JobState::Waiting, now);
        self.assign(now);
        Queued::Waiting { run, request: id }
    }

    fn reject(
        &mut self,
        id: u64,
        run: u64,
        pool: &str,
        demands: &str,
        now: DateTime<Utc>,
    ) -> Queued {
        self.notify_rejected(id, now);
        self.requests.remove(&id);
        if let Some(run) = self.runs.get_mut(&run) {
            (run.result, run.finish_time) = (Some("failed"), Some(now));
        }
        let error = format!(
            "No agent found in pool {pool} which satisfies the specified demands: {demands}"
        );
        Queued::Rejected { run, error }
    }

    /// Cancels a run: its waiting jobs end, its running ones are cancelled by a message to their agents. Returns false
    /// if there is no such run, or it has ended.
    pub(crate) fn cancel_run(&mut self, run: u64, now: DateTime<Utc>) -> bool {
        if !self.end_run(run, now) {
            return false;
        }
        for id in self.open_requests_of(run) {
            let request = &self.requests[&id];
            match (request.reserved_agent, request.receive_time) {
                (Some(agent), Some(_)) => {
                    let job_id = request.job_id.clone();
                    self.send(agent, Message::Cancel { job_id });
                }
                _ => self.withdraw(id, now),
            }
        }
        true
    }

    /// Cancels a run whose waiting requests stay without a result for ever, as was reported of jobs with
    /// `condition: always()`: <https://learn.microsoft.com/answers/questions/5793414>.
    pub(crate) fn orphan_run(&mut self, run: u64, now: DateTime<Utc>) -> bool {
        if !self.end_run(run, now) {
            return false;
        }
        for id in self.open_requests_of(run) {
            if let Some(request) = self.requests.get_mut(&id) {
                request.orphaned = request.reserved_agent.is_none();
            }
        }
        true
    }

    fn end_run(&mut self, run: u64, now: DateTime<Utc>) -> bool {
        let Some(run) = self.runs.get_mut(&run).filter(|run| run.result.is_none()) else {
            return false;
        };
        (run.result, run.finish_time) = (Some("canceled"), Some(now));
        true
    }

    /// Ends the request of a cancelled job that no agent has acknowledged.
    fn withdraw(&mut self, id: u64, now: DateTime<Utc>) {
        let agent = self.requests.get(&id).and_then(|request| request.reserved_agent);
        if let Some(known) = agent.and_then(|agent| self.agents.get_mut(&agent)) {
            known.inbox.retain(|(_, message)| *message != Message::Job { request: id });
        }
        self.finish(id, TaskResult::Canceled, now);
    }

    fn open_requests_of(&self, run: u64) -> Vec<u64> {
        let open = self.requests.values();
        let open = open.filter(|request| request.run == run && request.result.is_none());
        open.map(|request| request.id).collect()
    }

    /// Ends the run of a request once all of its requests have a result.
    pub(super) fn finish_run_of(&mut self, request: u64, now: DateTime<Utc>) {
        let Some(run) = self.requests.get(&request).map(|request| request.run) else { return };
        if !self.open_requests_of(run).is_empty() {
            return;
        }
        let mut all = self.requests.values().filter(|request| request.run == run);
        let succeeded = all.all(|request| request.result == Some(TaskResult::Succeeded));
        if let Some(run) = self.runs.get_mut(&run).filter(|run| run.result.is_none()) {
            run.result = Some(if succeeded { "succeeded" } else { "failed" });
            run.finish_time = Some(now);
        }
    }

    fn run_of(&mut self, new: &NewJob, now: DateTime<Utc>) -> Option<u64> {
        if let Some(run) = new.run {
            return self.runs.get(&run).filter(|run| run.result.is_none()).map(|run| run.id);
        }
        let project = self.add_project(&new.project);
        Some(self.add_run(project, &new.pipeline, new.plan_version, now))
    }

    /// Starts a run of a pipeline.
    pub(crate) fn add_run(
        &mut self,
        project: crate::model::run::Project,
        pipeline: &str,
        plan_version: u64,
        now: DateTime<Utc>,
    ) -> u64 {
        let id = next(&mut self.ids.run);
        let pipeline = (self.pipeline_id(&project.id, pipeline), pipeline.to_owned());
        let run = Run {
            id,
            number: format!("{}.{}", now.format("%Y%m%d"), id % 1000),
            project,
            pipeline,
            plan_id: self.guid(),
            plan_version,
            timeline_id: self.guid(),
            stage_id: self.guid(),
            queue_time: now,
            finish_time: None,
            result: None,
        };
        self.runs.insert(id, run);
        id
    }

    fn pipeline_id(&mut self, project: &str, name: &str) -> u64 {
        let known =
            self.runs.values().find(|run| run.project.id == project && run.pipeline.1 == name);
        match known {
            Some(run) => run.pipeline.0,
            None => next(&mut self.ids.pipeline),
        }
    }
}
