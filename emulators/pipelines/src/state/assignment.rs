//! Assignment of waiting jobs to idle agents, and the locks of assigned ones.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use emulator_core::events::PipelinesEvent;

use super::State;
use super::timers::Timer;
use crate::model::agent::Message;
use crate::model::request::{JobState, TaskResult};
use crate::options::Unacknowledged;

/// How long an agent has to acknowledge a job. Inferred: no source states it.
const ACKNOWLEDGEMENT_TTL: TimeDelta = TimeDelta::minutes(5);
/// The first lease of an acknowledged job, as the test data of KEDA's scaler shows it.
const FIRST_LOCK_TTL: TimeDelta = TimeDelta::minutes(10);
/// The lease of a renewed job (<https://github.com/microsoft/azure-pipelines-agent/issues/2218>).
const LOCK_TTL: TimeDelta = TimeDelta::minutes(5);
/// How long a lock still holds after an advance of the clock, for an agent that had no time to renew it.
const RENEWAL_GRACE: Duration = Duration::from_secs(2);

/// A rejected renewal or completion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LockError {
    /// There is no such request, or it is not reserved for this agent.
    NotFound,
    /// It has a result.
    Finished,
}

impl State {
    /// Gives waiting jobs to idle agents that match, oldest job first, as far as there are parallel jobs.
    pub(crate) fn assign(&mut self, now: DateTime<Utc>) {
        if !self.assigning {
            return;
        }
        let waiting = self.requests.values().filter(|request| request.is_waiting());
        let waiting: Vec<u64> = waiting.map(|request| request.id).collect();
        for id in waiting {
            if self.running_count() >= self.parallel_jobs {
                return;
            }
            let request = &self.requests[&id];
            let idle = self.agents_of(request.pool).filter(|known| known.is_idle());
            let idle = idle.filter(|known| request.matches(known.capabilities()));
            let idle: Vec<u64> = idle.map(|known| known.agent.id).collect();
            if let Some(agent) = self.choose(&idle) {
                self.reserve(id, agent, now);
            }
        }
    }

    /// Counts the self-hosted parallel jobs in use.
    pub(crate) fn running_count(&self) -> u64 {
        let reserved = |request: &&crate::model::request::JobRequest| {
            request.result.is_none() && request.reserved_agent.is_some()
        };
        self.requests.values().filter(reserved).count() as u64
    }

    fn reserve(&mut self, request: u64, agent: u64, now: DateTime<Utc>) {
        let locked_until = now + ACKNOWLEDGEMENT_TTL;
        if let Some(request) = self.requests.get_mut(&request) {
            request.assign_time = Some(now);
            request.reserved_agent = Some(agent);
            request.locked_until = Some(locked_until);
        }
        self.add_timer(locked_until, Timer::Lock { request });
        let Some(known) = self.agents.get_mut(&agent) else { return };
        known.agent.assigned = Some(request);
        let name = known.agent.name.clone();
        self.emit(PipelinesEvent::Assigned { request, agent: name });
        self.send(agent, Message::Job { request });
    }

    /// Renews the lock of a job; the first renewal acknowledges the job. That the service takes the first renewal as
    /// the acknowledgement is inferred.
    pub(crate) fn renew(
        &mut self,
        agent: u64,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<(), LockError> {
        let request = self.requests.get_mut(&id);
        let request = request.filter(|known| known.reserved_agent == Some(agent));
        let request = request.ok_or(LockError::NotFound)?;
        if request.result.is_some() {
            return Err(LockError::Finished);
        }
        let is_first = request.receive_time.is_none();
        let locked_until = now + if is_first { FIRST_LOCK_TTL } else { LOCK_TTL };
        request.receive_time = request.receive_time.or(Some(now));
        request.locked_until = request.locked_until.max(Some(locked_until));
        request.renewed = Some(tokio::time::Instant::now());
        let locked_until = request.locked_until.unwrap_or(locked_until);
        self.add_timer(locked_until, Timer::Lock { request: id });
        if is_first {
            let name = self.agent_name(agent);
            self.emit(PipelinesEvent::Started { request: id, agent: name });
            self.notify(id, JobState::InProgress, now);
        }
        Ok(())
    }

    /// Records the result that an agent reports.
    pub(crate) fn complete(
        &mut self,
        agent: u64,
        id: u64,
        result: TaskResult,
        shutting_down: bool,
        now: DateTime<Utc>,
    ) -> Result<(), LockError> {
        let request = self.requests.get(&id);
        let request = request.filter(|known| known.reserved_agent == Some(agent));
        if request.ok_or(LockError::NotFound)?.result.is_some() {
            return Err(LockError::Finished);
        }
        if shutting_down && self.options.heeds_shutting_down {
            self.agents.entry(agent).and_modify(|known| known.agent.shutting_down = true);
        }
        self.finish(id, result, now);
        Ok(())
    }

    /// Ends a job request, and frees its agent.
    pub(crate) fn finish(&mut self, id: u64, result: TaskResult, now: DateTime<Utc>) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.result = Some(result);
        request.finish_time = Some(now);
        let agent = request.reserved_agent.and_then(|agent| self.agents.get_mut(&agent));
        if let Some(known) = agent.filter(|known| known.agent.assigned == Some(id)) {
            known.agent.assigned = None;
            known.agent.last_completed = Some(id);
        }
        self.emit(PipelinesEvent::Done { request: id, result: result.name() });
        self.notify(id, JobState::Completed, now);
        self.finish_run_of(id, now);
        self.assign(now);
    }

    /// Ends the lock of a job, unless it was renewed.
    pub(super) fn check_lock(&mut self, id: u64, at: DateTime<Utc>, now: DateTime<Utc>) {
        let Some(request) = self.requests.get(&id) else { return };
        if request.result.is_some() || request.locked_until.is_none_or(|until| until > at) {
            return;
        }
        if request.renewed.is_some_and(|renewed| renewed.elapsed() < RENEWAL_GRACE) {
            let again = now + TimeDelta::from_std(RENEWAL_GRACE).unwrap_or_default();
            return self.add_timer(again, Timer::Lock { request: id });
        }
        let is_acknowledged = request.receive_time.is_some();
        if is_acknowledged || self.options.unacknowledged == Unacknowledged::Abandoned {
            return self.finish(id, TaskResult::Abandoned, at);
        }
        self.requeue(id, at);
    }

    fn requeue(&mut self, id: u64, at: DateTime<Utc>) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let agent = request.reserved_agent.take();
        (request.assign_time, request.locked_until) = (None, None);
        let name = agent.map(|agent| self.agent_name(agent)).unwrap_or_default();
        if let Some(known) = agent.and_then(|agent| self.agents.get_mut(&agent)) {
            known.agent.assigned = None;
            known.inbox.retain(|(_, message)| *message != Message::Job { request: id });
        }
        self.emit(PipelinesEvent::Requeued { request: id, agent: name });
        self.assign(at);
    }

    pub(crate) fn agent_name(&self, id: u64) -> String {
        self.agents.get(&id).map(|known| known.agent.name.clone()).unwrap_or_default()
    }
}
