//! Records events, as lines of the trace and as the record for the checker.

use std::sync::{Mutex, MutexGuard};

use azure_batch_emulator::launch::TaskRun;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;
use emulator_core::service::Request;
use tokio::sync::watch;

use super::Trace;
use crate::faults::FaultOutcome;
use crate::record::{Calls, End, Fault, JobRecord, Leftovers, Placement, Progress, Record, Run};
use crate::scenario::Callee;
use crate::scenario::{Scenario, Stage};

mod events;
mod pipelines;
mod state;

use state::{State, Watched};

/// The recorder of a simulation.
pub(super) struct Recorder {
    clock: Clock,
    origin: DateTime<Utc>,
    names: Vec<String>,
    state: Mutex<State>,
}

impl Recorder {
    pub(super) fn new(clock: Clock, scenario: &Scenario) -> Self {
        let names = scenario.deployments.iter().map(|deployment| deployment.name.clone()).collect();
        Self { origin: clock.now(), clock, names, state: Mutex::default() }
    }

    /// Returns the seconds since the start.
    pub(super) fn second(&self) -> u64 {
        self.now() / 1000
    }

    /// Returns the milliseconds since the start.
    pub(super) fn now(&self) -> u64 {
        self.since(self.clock.now())
    }

    fn since(&self, at: DateTime<Utc>) -> u64 {
        u64::try_from((at - self.origin).num_milliseconds()).unwrap_or_default()
    }

    /// Returns the time of the last activity of a job, a task or a runner, in milliseconds.
    pub(super) fn last_activity(&self) -> u64 {
        self.state().last_activity
    }

    /// Returns whether every job has ended, or waits at its gate, that a deployment may serve.
    pub(super) fn all_ended(&self, scenario: &Scenario) -> bool {
        let state = self.state();
        let mut jobs = state.record.jobs.iter();
        let of_pipelines = &state.record.pipelines.jobs;
        jobs.all(|job| {
            let at_gate = job.ready_at.is_none();
            let unserved = scenario.jobs[job.planned].deployment.is_none();
            job.ended_at.is_some() || at_gate || unserved
        }) && of_pipelines.iter().all(|job| job.ended_at.is_some() || job.is_orphaned)
    }

    /// Appends a line to the trace.
    pub(super) fn line(&self, text: &str) {
        let now = self.now();
        self.state().trace.push(format!("{} {text}", timestamp(now)));
    }

    /// Records a call and its outcome.
    pub(super) fn called(
        &self,
        callee: Callee,
        operation: &str,
        outcome: FaultOutcome,
        request: &Request,
    ) {
        let mut state = self.state();
        let (calls, faulty, slow) = state.calls.entry((callee, operation.to_owned())).or_default();
        *calls += 1;
        *faulty += u64::from(outcome.is_faulty());
        *slow += u64::from(matches!(outcome, FaultOutcome::Slow { .. }));
        drop(state);
        let path = request.uri().path();
        self.line(&format!("  {callee:?} {operation} {path}: {outcome:?}"));
        if !matches!(
            outcome,
            FaultOutcome::Pass | FaultOutcome::Slow { .. } | FaultOutcome::LostAnswer
        ) {
            return;
        }
        let mut segments = path.rsplit('/');
        if operation.starts_with("DeleteSelfHostedRunner") {
            let id = segments.next().and_then(|id| id.parse::<u64>().ok());
            self.state().deregistered.extend(id);
        } else if operation == "TerminateTask"
            && let (_, Some(task), _, Some(job)) =
                (segments.next(), segments.next(), segments.next(), segments.next())
        {
            self.terminated(job, &task.replace("%2D", "-"));
        }
    }

    /// Records a queued job; the receiver reports its stages.
    pub(super) fn queued(
        &self,
        planned: usize,
        (id, attempt): (u64, u32),
        ready: bool,
    ) -> watch::Receiver<Stage> {
        let now = self.now();
        let mut state = self.state();
        let (stage, staged) = watch::channel(Stage::Queued);
        let place = state.record.jobs.len();
        state.jobs.insert(id, Watched { place, stage });
        state.record.jobs.push(JobRecord {
            planned,
            id,
            attempt,
            ready_at: ready.then_some(now),
            started_at: None,
            ended_at: None,
            conclusion: None,
            runners: Vec::new(),
            cancelled_at: None,
            deleted_at: None,
            progress: None,
        });
        state.last_activity = now;
        drop(state);
        self.line(&format!("job {id} (planned {planned}, attempt {attempt}) queued"));
        staged
    }

    /// Records that others registered a runner, whose name may be one of ours. This precedes the event.
    pub(super) fn others_registered(&self, runner: u64) {
        self.state().others.insert(runner);
    }

    /// Returns whether others registered a runner.
    pub(super) fn is_of_others(&self, runner: u64) -> bool {
        self.state().others.contains(&runner)
    }

    /// Returns the index of a job in the scenario.
    pub(super) fn planned(&self, job: u64) -> Option<usize> {
        let state = self.state();
        Some(state.record.jobs[state.jobs.get(&job)?.place].planned)
    }

    /// Records that the gate of a job was opened.
    pub(super) fn approved(&self, job: u64) {
        self.line(&format!("job {job} approved"));
        let now = self.now();
        self.with_job(job, |job| job.ready_at = Some(now));
    }

    /// Records a request to cancel a job.
    pub(super) fn cancelled(&self, job: u64) {
        self.line(&format!("job {job} cancellation requested"));
        let now = self.now();
        self.with_job(job, |job| job.cancelled_at = Some(now));
    }

    /// Records that a job was deleted with its run.
    pub(super) fn deleted(&self, job: u64) {
        self.line(&format!("job {job} deleted with its run"));
        let now = self.now();
        self.with_job(job, |job| (job.deleted_at, job.ended_at) = (Some(now), Some(now)));
    }

    fn with_job(&self, id: u64, change: impl FnOnce(&mut JobRecord)) {
        let mut state = self.state();
        if let Some(place) = state.jobs.get(&id).map(|job| job.place) {
            change(&mut state.record.jobs[place]);
        }
    }

    /// Records the node of a run that starts now.
    pub(super) fn placed(&self, deployment: usize, run: &TaskRun) {
        let started_at = self.now();
        let (pool, node, task) = (run.pool.clone(), run.node.clone(), run.task.clone());
        let placement = Placement { deployment, pool, node, task, started_at };
        self.state().record.placements.push(placement);
    }

    /// Records the start of a run of a task; returns the number of the run, from 1.
    pub(super) fn started(&self, deployment: usize, job: &str, task: &str) -> u32 {
        let now = self.now();
        let mut state = self.state();
        let record = state.task(deployment, job, task, now);
        record.runs.push(Run {
            started_at: now,
            ended_at: None,
            exit_code: None,
            was_claiming: false,
            fault: None,
        });
        u32::try_from(record.runs.len()).unwrap_or(u32::MAX)
    }

    /// Records the end of a run of a task; without a code it was interrupted.
    pub(super) fn ended(
        &self,
        place: (usize, &str, &str),
        run: u32,
        code: Option<i32>,
        was_claiming: bool,
    ) {
        let now = self.now();
        let (deployment, job, task) = place;
        let mut state = self.state();
        let record = state.task(deployment, job, task, now);
        if let Some(run) = record.runs.get_mut(run as usize - 1) {
            *run = Run { ended_at: Some(now), exit_code: code, was_claiming, ..*run };
        }
        drop(state);
        self.line(&format!("run {run} of {job}/{task} ended: {code:?}"));
    }

    /// Records which fault a run of a task has.
    pub(super) fn has_fault(&self, place: (usize, &str, &str), run: u32, fault: Fault) {
        let now = self.now();
        let (deployment, job, task) = place;
        let mut state = self.state();
        let record = state.task(deployment, job, task, now);
        if let Some(run) = record.runs.get_mut(run as usize - 1) {
            run.fault = run.fault.or(Some(fault));
        }
        drop(state);
        self.line(&format!("run {run} of {job}/{task}: {fault:?}"));
    }

    /// Records how far a runner got with a job.
    pub(super) fn progressed(&self, job: u64, progress: Progress) {
        self.line(&format!("job {job}: {progress:?}"));
        self.with_job(job, |job| job.progress = Some(progress));
    }

    /// Records that a runner's process ended before its registration.
    pub(super) fn interrupted(&self, runner: &str) {
        let mut state = self.state();
        if let Some(&place) = state.runners.get(runner) {
            let record = &mut state.record.runners[place];
            if record.deployment.is_some() {
                record.end = record.end.or(Some(End::CutOff));
            }
        }
    }

    /// Records that the handler failed to process a message with this text.
    pub(super) fn failed(&self, deployment: usize, message: &str) {
        let text = STANDARD.encode(message);
        *self.state().failed.entry((deployment, text)).or_default() += 1;
    }

    /// Records that a replayed ticket got a credential.
    pub(super) fn ticket_replayed(&self, task: &str) {
        self.line(&format!("ticket of task {task} was replayed"));
        self.state().record.ticket_replays.push(task.to_owned());
    }

    /// Records the end of a task that was terminated before it ran; no event reports it.
    fn terminated(&self, job: &str, task: &str) {
        let now = self.now();
        let named = |name: &String| task.strip_prefix(name.as_str())?.strip_prefix('-').map(|_| ());
        let Some(deployment) = self.names.iter().position(|name| named(name).is_some()) else {
            return;
        };
        let mut state = self.state();
        let record = state.task(deployment, job, task, now);
        record.ended_at = record.ended_at.or(Some(now));
    }

    /// Records the events that GitHub failed to deliver and that were not redelivered.
    pub(super) fn undelivered(&self, events: Vec<String>) {
        self.state().record.undelivered = events;
    }

    /// Ends the recording.
    pub(super) fn close(&self, (left, quiescent): (Leftovers, bool)) -> (Record, Trace) {
        let now = self.now();
        let mut state = self.state();
        let calls = std::mem::take(&mut state.calls);
        let calls = calls.into_iter().map(|((callee, operation), (calls, faulty, slow))| Calls {
            callee,
            operation,
            calls,
            faulty,
            slow,
        });
        state.record.calls = calls.collect();
        (state.record.left, state.record.quiescent) = (left, quiescent);
        state.record.ended_at = now;
        self.set_agents_apart(&mut state.record);
        (std::mem::take(&mut state.record), Trace(std::mem::take(&mut state.trace)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

/// Formats a time as hours, minutes, seconds and milliseconds.
fn timestamp(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
