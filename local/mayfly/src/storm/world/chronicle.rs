//! Notes what happens, as lines for the trace and as the record for the verdict.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use emulators::clock::Clock;
use emulators::events::{Event, Happening};
use emulators::github::{GitHub, Runner};
use emulators::service::Request;
use tokio::sync::watch;

use super::Trace;
use crate::storm::fate::{Callee, Fate};
use crate::storm::plan::{Plan, Stage};
use crate::storm::record::{
    Calls, Conclusion, End, JobRecord, Left, Poisoned, Record, Run, RunnerRecord, TaskRecord,
};

/// What happened so far.
pub(super) struct Chronicle {
    clock: Clock,
    origin: DateTime<Utc>,
    names: Vec<String>,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    trace: Vec<String>,
    record: Record,
    calls: BTreeMap<(Callee, String), (u64, u64, u64)>,
    jobs: BTreeMap<u64, Watched>,
    tasks: BTreeMap<(usize, String), usize>,
    /// The registered runners, by name.
    runners: BTreeMap<String, usize>,
    /// The registrations that the handler had removed, by number.
    deregistered: Vec<u64>,
    /// When anything last happened to a job, a task or a runner.
    stirred: u64,
}

/// A job, and how far it has come.
struct Watched {
    place: usize,
    stage: watch::Sender<Stage>,
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
        record.runs.push(Run { started_at: now, ended_at: None, exit_code: None });
        u32::try_from(record.runs.len()).unwrap_or(u32::MAX)
    }

    /// Notes that a run of a task has ended; without a code it was cut off.
    pub(super) fn ended(&self, place: (usize, &str, &str), run: u32, code: Option<i32>) {
        let now = self.now();
        let (deployment, job, task) = place;
        let mut pages = self.pages();
        let record = pages.task(deployment, job, task, now);
        if let Some(run) = record.runs.get_mut(run as usize - 1) {
            (run.ended_at, run.exit_code) = (Some(now), code);
        }
        drop(pages);
        self.line(&format!("run {run} of {job}/{task} ended: {code:?}"));
    }

    /// Notes that a runner's process is gone before its registration.
    pub(super) fn cut_off(&self, runner: &str) {
        let mut pages = self.pages();
        if let Some(&place) = pages.runners.get(runner) {
            let record = &mut pages.record.runners[place];
            record.end = record.end.or(Some(End::CutOff));
        }
    }

    /// Notes that somebody got a credential with a stolen ticket.
    pub(super) fn robbed(&self, task: &str) {
        self.line(&format!("task {task} was robbed"));
        self.pages().record.robbed.push(task.to_owned());
    }

    /// Notes what Batch and storage of a deployment tell.
    pub(super) fn heard(&self, deployment: usize, Event { at, what }: &Event) {
        let now = self.since(*at);
        let mut pages = self.pages();
        match what {
            Happening::TaskAdded { job, task } => {
                pages.task(deployment, job, task, now);
                pages.advance(&self.names[deployment], task, Stage::Submitted);
            }
            Happening::TaskEnded { job, task, .. } => {
                pages.task(deployment, job, task, now).ended_at = Some(now);
            }
            Happening::MessagePut { queue, text } if queue.ends_with("-poison") => {
                let message = text.clone();
                pages.record.poisoned.push(Poisoned { deployment, at: now, message });
            }
            Happening::TaskStarted { .. } => {}
            _ => return,
        }
        pages.stirred = now;
        pages.trace.push(format!("{} {what:?}", moment(now)));
    }

    /// Notes what GitHub tells.
    pub(super) fn heard_of_github(&self, github: &GitHub, Event { at, what }: &Event) {
        let now = self.since(*at);
        let registered = match what {
            Happening::RunnerRegistered { runner } => {
                github.runners().into_iter().rev().find(|known| known.name == *runner)
            }
            _ => None,
        };
        let mut pages = self.pages();
        pages.trace.push(format!("{} {what:?}", moment(now)));
        if !matches!(what, Happening::Delivered { .. }) {
            pages.stirred = now;
        }
        match what {
            Happening::RunnerRegistered { .. } => {
                registered
                    .into_iter()
                    .for_each(|runner| pages.registered(&self.names, runner, now));
            }
            Happening::RunnerOnline { runner } => {
                pages.with_runner(runner, |runner| runner.online_at = Some(now));
            }
            Happening::JobStarted { job, runner } => pages.took(*job, runner, now),
            Happening::JobDone { job, conclusion } => pages.done(*job, conclusion, now),
            Happening::RunnerGone { runner } => pages.gone(runner, now),
            _ => {}
        }
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

impl Pages {
    fn task(&mut self, deployment: usize, job: &str, task: &str, now: u64) -> &mut TaskRecord {
        let tasks = &mut self.record.tasks;
        let place = *self.tasks.entry((deployment, format!("{job}/{task}"))).or_insert_with(|| {
            tasks.push(TaskRecord {
                deployment,
                id: task.to_owned(),
                batch_job: job.to_owned(),
                added_at: now,
                runs: Vec::new(),
                ended_at: None,
            });
            tasks.len() - 1
        });
        &mut tasks[place]
    }

    /// Leads a job on to a stage that its own task has reached.
    fn advance(&mut self, name: &str, task: &str, stage: Stage) {
        let job = task.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')?.parse().ok());
        if let Some(job) = job.and_then(|job: u64| self.jobs.get(&job)) {
            job.stage.send_if_modified(|now| {
                let later = stage > *now;
                *now = stage.max(*now);
                later
            });
        }
    }

    fn registered(&mut self, names: &[String], runner: Runner, now: u64) {
        let ours = |name: &&String| {
            let rest = runner.name.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        let deployment = names.iter().position(|name| ours(&name));
        if let Some(deployment) = deployment {
            self.advance(&names[deployment], &runner.name, Stage::Claimed);
        }
        self.runners.insert(runner.name.clone(), self.record.runners.len());
        let repository = match &runner.scope {
            emulators::github::Scope::Repository(name) => Some(name.clone()),
            _ => None,
        };
        self.record.runners.push(RunnerRecord {
            id: runner.id,
            name: runner.name,
            deployment,
            repository,
            labels: runner.labels,
            registered_at: now,
            online_at: None,
            job: None,
            gone_at: None,
            end: None,
        });
    }

    fn with_runner(&mut self, name: &str, change: impl FnOnce(&mut RunnerRecord)) {
        if let Some(&place) = self.runners.get(name) {
            change(&mut self.record.runners[place]);
        }
    }

    fn took(&mut self, job: u64, runner: &str, now: u64) {
        self.with_runner(runner, |known| known.job = known.job.or(Some((now, job))));
        let Some(watched) = self.jobs.get(&job) else { return };
        watched.stage.send_replace(Stage::Started);
        let record = &mut self.record.jobs[watched.place];
        record.started_at = record.started_at.or(Some(now));
        record.runners.push(runner.to_owned());
    }

    fn done(&mut self, job: u64, conclusion: &str, now: u64) {
        let Some(watched) = self.jobs.get(&job) else { return };
        let record = &mut self.record.jobs[watched.place];
        record.ended_at = Some(now);
        record.conclusion = Some(match conclusion {
            "success" => Conclusion::Success,
            "cancelled" => Conclusion::Cancelled,
            _ => Conclusion::Failure,
        });
    }

    fn gone(&mut self, runner: &str, now: u64) {
        let Some(&place) = self.runners.get(runner) else { return };
        let record = &mut self.record.runners[place];
        record.gone_at = Some(now);
        let deregistered = self.deregistered.contains(&record.id);
        record.end = record.end.or(Some(match record.job {
            _ if deregistered => End::Deregistered,
            Some(_) => End::Served,
            None => End::Removed,
        }));
        self.runners.remove(runner);
    }
}

/// Writes a moment as hours, minutes, seconds and milliseconds.
fn moment(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
