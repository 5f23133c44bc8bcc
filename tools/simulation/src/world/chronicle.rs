//! Notes what happens, as lines for the trace and as the record for the verdict.

use std::sync::{Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;
use emulator_core::service::Request;
use tokio::sync::watch;

use super::Trace;
use crate::fate::{Callee, Fate};
use crate::plan::{Plan, Stage};
use crate::record::{Calls, End, Fault, JobRecord, Left, Progress, Record, Run};

mod heard;
mod pages;

use pages::{Pages, Watched};

/// What happened so far.
pub(super) struct Chronicle {
    clock: Clock,
    origin: DateTime<Utc>,
    names: Vec<String>,
    pages: Mutex<Pages>,
}

impl Chronicle {
    pub(super) fn new(clock: Clock, plan: &Plan) -> Self {
        let names = plan.deployments.iter().map(|deployment| deployment.name.clone()).collect();
        Self { origin: clock.now(), clock, names, pages: Mutex::default() }
    }

    /// Tells how many seconds have passed.
    pub(super) fn second(&self) -> u64 {
        self.now() / 1000
    }

    /// Tells how many milliseconds have passed.
    pub(super) fn now(&self) -> u64 {
        self.since(self.clock.now())
    }

    fn since(&self, at: DateTime<Utc>) -> u64 {
        u64::try_from((at - self.origin).num_milliseconds()).unwrap_or_default()
    }

    /// Tells when anything last happened to a job, a task or a runner, in milliseconds.
    pub(super) fn stirred(&self) -> u64 {
        self.pages().stirred
    }

    /// Tells whether every job has ended that somebody may serve.
    pub(super) fn all_ended(&self, plan: &Plan) -> bool {
        let pages = self.pages();
        let mut jobs = pages.record.jobs.iter();
        jobs.all(|job| job.ended_at.is_some() || plan.jobs[job.planned].deployment.is_none())
    }

    /// Writes a line of the trace.
    pub(super) fn line(&self, text: &str) {
        let now = self.now();
        self.pages().trace.push(format!("{} {text}", moment(now)));
    }

    /// Notes a call and its fate.
    pub(super) fn called(&self, callee: Callee, operation: &str, fate: Fate, request: &Request) {
        let mut pages = self.pages();
        let (calls, faulty, slow) = pages.calls.entry((callee, operation.to_owned())).or_default();
        *calls += 1;
        *faulty += u64::from(fate.is_faulty());
        *slow += u64::from(matches!(fate, Fate::Slow { .. }));
        drop(pages);
        let path = request.uri().path();
        self.line(&format!("  {callee:?} {operation} {path}: {fate:?}"));
        if !matches!(fate, Fate::Pass | Fate::Slow { .. } | Fate::LostAnswer) {
            return;
        }
        let mut segments = path.rsplit('/');
        if operation.starts_with("DeleteSelfHostedRunner") {
            let id = segments.next().and_then(|id| id.parse::<u64>().ok());
            self.pages().deregistered.extend(id);
        } else if operation == "TerminateTask"
            && let (_, Some(task), _, Some(job)) =
                (segments.next(), segments.next(), segments.next(), segments.next())
        {
            self.terminated(job, &task.replace("%2D", "-"));
        }
    }

    /// Notes that a job is in GitHub; the receiver tells how far it comes.
    pub(super) fn queued(
        &self,
        planned: usize,
        (id, attempt): (u64, u32),
        ready: bool,
    ) -> watch::Receiver<Stage> {
        let now = self.now();
        let mut pages = self.pages();
        let (stage, staged) = watch::channel(Stage::Queued);
        let place = pages.record.jobs.len();
        pages.jobs.insert(id, Watched { place, stage });
        pages.record.jobs.push(JobRecord {
            planned,
            id,
            attempt,
            ready_at: ready.then_some(now),
            started_at: None,
            ended_at: None,
            conclusion: None,
            runners: Vec::new(),
            cancelled_at: None,
            progress: None,
        });
        pages.stirred = now;
        drop(pages);
        self.line(&format!("job {id} (planned {planned}, attempt {attempt}) queued"));
        staged
    }

    /// Finds the planned job of a job's number.
    pub(super) fn planned(&self, job: u64) -> Option<usize> {
        let pages = self.pages();
        Some(pages.record.jobs[pages.jobs.get(&job)?.place].planned)
    }

    /// Notes that the gate before a job was opened.
    pub(super) fn approved(&self, job: u64) {
        self.line(&format!("job {job} approved"));
        let now = self.now();
        self.with_job(job, |job| job.ready_at = Some(now));
    }

    /// Notes that a job was asked to be cancelled.
    pub(super) fn cancelled(&self, job: u64) {
        self.line(&format!("job {job} is to be cancelled"));
        let now = self.now();
        self.with_job(job, |job| job.cancelled_at = Some(now));
    }

    fn with_job(&self, id: u64, change: impl FnOnce(&mut JobRecord)) {
        let mut pages = self.pages();
        if let Some(place) = pages.jobs.get(&id).map(|job| job.place) {
            change(&mut pages.record.jobs[place]);
        }
    }

    /// Notes that a run of a task starts; tells the number of the run, from 1.
    pub(super) fn started(&self, deployment: usize, job: &str, task: &str) -> u32 {
        let now = self.now();
        let mut pages = self.pages();
        let record = pages.task(deployment, job, task, now);
        record.runs.push(Run {
            started_at: now,
            ended_at: None,
            exit_code: None,
            was_asking: false,
            fault: None,
        });
        u32::try_from(record.runs.len()).unwrap_or(u32::MAX)
    }

    /// Notes that a run of a task has ended; without a code it was cut off.
    pub(super) fn ended(
        &self,
        place: (usize, &str, &str),
        run: u32,
        code: Option<i32>,
        was_asking: bool,
    ) {
        let now = self.now();
        let (deployment, job, task) = place;
        let mut pages = self.pages();
        let record = pages.task(deployment, job, task, now);
        if let Some(run) = record.runs.get_mut(run as usize - 1) {
            *run = Run { ended_at: Some(now), exit_code: code, was_asking, ..*run };
        }
        drop(pages);
        self.line(&format!("run {run} of {job}/{task} ended: {code:?}"));
    }

    /// Records which fault a run of a task has.
    pub(super) fn has_fault(&self, place: (usize, &str, &str), run: u32, fault: Fault) {
        let now = self.now();
        let (deployment, job, task) = place;
        let mut pages = self.pages();
        let record = pages.task(deployment, job, task, now);
        if let Some(run) = record.runs.get_mut(run as usize - 1) {
            run.fault = run.fault.or(Some(fault));
        }
        drop(pages);
        self.line(&format!("run {run} of {job}/{task}: {fault:?}"));
    }

    /// Records how far a runner came with a job.
    pub(super) fn progressed(&self, job: u64, progress: Progress) {
        self.line(&format!("job {job}: {progress:?}"));
        self.with_job(job, |job| job.progress = Some(progress));
    }

    /// Notes that a runner's process is gone before its registration.
    pub(super) fn cut_off(&self, runner: &str) {
        let mut pages = self.pages();
        if let Some(&place) = pages.runners.get(runner) {
            let record = &mut pages.record.runners[place];
            record.end = record.end.or(Some(End::CutOff));
        }
    }

    /// Notes that the handler failed at a message of this text.
    pub(super) fn failed(&self, deployment: usize, message: &str) {
        let text = STANDARD.encode(message);
        *self.pages().failed.entry((deployment, text)).or_default() += 1;
    }

    /// Notes that somebody got a credential with a stolen ticket.
    pub(super) fn robbed(&self, task: &str) {
        self.line(&format!("task {task} was robbed"));
        self.pages().record.robbed.push(task.to_owned());
    }

    /// Notes the end of a task that was terminated before it ran: nobody else tells of that.
    fn terminated(&self, job: &str, task: &str) {
        let now = self.now();
        let named = |name: &String| task.strip_prefix(name.as_str())?.strip_prefix('-').map(|_| ());
        let Some(deployment) = self.names.iter().position(|name| named(name).is_some()) else {
            return;
        };
        let mut pages = self.pages();
        let record = pages.task(deployment, job, task, now);
        record.ended_at = record.ended_at.or(Some(now));
    }

    /// Notes the events that GitHub failed to deliver, and that nobody asked for again.
    pub(super) fn undelivered(&self, events: Vec<String>) {
        self.pages().record.undelivered = events;
    }

    /// Ends the chronicle.
    pub(super) fn close(&self, (left, came_to_rest): (Left, bool)) -> (Record, Trace) {
        let now = self.now();
        let mut pages = self.pages();
        let calls = std::mem::take(&mut pages.calls);
        let calls = calls.into_iter().map(|((callee, operation), (calls, faulty, slow))| Calls {
            callee,
            operation,
            calls,
            faulty,
            slow,
        });
        pages.record.calls = calls.collect();
        (pages.record.left, pages.record.came_to_rest) = (left, came_to_rest);
        pages.record.ended_at = now;
        (std::mem::take(&mut pages.record), Trace(std::mem::take(&mut pages.trace)))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().expect("no holder of this lock can panic")
    }
}

/// Writes a moment as hours, minutes, seconds and milliseconds.
fn moment(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
