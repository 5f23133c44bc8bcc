//! Runs of tasks: their start, their end, and its effect on the task.

use chrono::{DateTime, Utc};

use super::task::{Outcome, Requeue};
use super::timers::Timer;
use super::{Effect, LaunchRequest, RunId, RunLocation, State, Task, TaskState, key};
use crate::dto::{IsoDuration, Timestamp};
use crate::launch::{RunOutcome, ScriptedRun, StopRequest};
use emulator_core::events::EventKind;

/// A run that has not ended.
#[derive(Debug)]
pub(super) struct Run {
    location: RunLocation,
    slots: u32,
    limit: Option<IsoDuration>,
    due: Option<Timestamp>,
    timed_out: bool,
    stage: Stage,
}

/// The stage of a run.
#[derive(Debug)]
enum Stage {
    /// The image is being pulled.
    Waiting(Box<LaunchRequest>),
    /// The run is launched.
    Launched,
    /// The run follows the script and has this outcome.
    Scripted(RunOutcome),
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EndedRun {
    pub(crate) job: String,
    pub(crate) task: String,
    /// Whether the end counts for the task: false if the task was requeued before, for example
    /// because its node was lost.
    pub(crate) counts: bool,
}

impl Run {
    pub(super) fn new(start: LaunchRequest, slots: u32, limit: Option<IsoDuration>) -> Self {
        let location = start.location.clone();
        let stage = Stage::Waiting(Box::new(start));
        Self { location, slots, limit, due: None, timed_out: false, stage }
    }

    /// Returns whether the run is launched, not scripted or waiting.
    pub(super) fn has_process(&self) -> bool {
        matches!(self.stage, Stage::Launched)
    }
}

impl State {
    /// Starts a run: by the script, or by an effect for the executor.
    pub(super) fn launch(&mut self, id: RunId, at: Timestamp) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let Stage::Waiting(start) = std::mem::replace(&mut run.stage, Stage::Launched) else {
            return;
        };
        let Some(script) = &self.script else {
            return self.effects.push(Effect::Start(start));
        };
        let scripted = script(&scripted_run(&start));
        let ending = start.mismatch.clone().unwrap_or(RunOutcome::Exited(scripted.exit_code));
        run.stage = Stage::Scripted(ending);
        let duration =
            chrono::TimeDelta::from_std(scripted.duration).unwrap_or(chrono::TimeDelta::MAX);
        if !start.location.is_start_task() {
            let (job, task) = (start.location.job.clone(), start.location.task.clone());
            let what = EventKind::TaskStarted { job, task, node: start.label.clone() };
            self.effects.push(Effect::Emit(at.to_utc(), what));
        }
        self.start_run_timer(id, self.now);
        // Never immediately: the caller may not have finished starting the run.
        let due = self.current_timestamp().plus(duration).max(self.current_timestamp().next());
        self.timers.insert((due, Timer::ScriptEnd(id)));
    }

    /// Ends a scripted run.
    pub(super) fn end_by_script(&mut self, id: RunId, due: Timestamp) {
        let Some(Run { stage: Stage::Scripted(ending), .. }) = self.runs.get(&id) else { return };
        let ending = ending.clone();
        self.end_and_emit(id, &ending, due.to_utc());
    }

    /// Ends a run without a process, and emits the event.
    fn end_and_emit(&mut self, id: RunId, ending: &RunOutcome, now: DateTime<Utc>) {
        let Some(finished) = self.run_ended(id, ending, now).filter(|finished| finished.counts)
        else {
            return;
        };
        let (job, task, exit_code) = (finished.job, finished.task, ending.code());
        self.effects.push(Effect::Emit(now, EventKind::TaskEnded { job, task, exit_code }));
    }

    /// Sets the timer of a started run's maximum wall clock time.
    pub(crate) fn start_run_timer(&mut self, id: RunId, now: DateTime<Utc>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        run.due = run.limit.and_then(|limit| Timestamp::of(now).after(limit));
        self.timers.extend(run.due.map(|due| (due, Timer::RunTimeLimit(id))));
    }

    /// Stops a run. A run without a process ends immediately.
    pub(super) fn stop(&mut self, id: RunId, request: StopRequest, at: Timestamp) {
        match self.runs.get(&id) {
            Some(run) if !run.has_process() => {
                let ending =
                    RunOutcome::Exited(if request == StopRequest::Kill { -9 } else { -15 });
                self.end_and_emit(id, &ending, at.to_utc());
            }
            Some(_) => self.effects.push(Effect::StopRun(id, request)),
            None => {}
        }
    }

    /// Terminates a run that exceeds its maximum wall clock time.
    pub(super) fn time_out_run(&mut self, id: RunId, due: Timestamp) {
        if self.current(id).is_none_or(|task| task.phase.state != TaskState::Running) {
            return;
        }
        if let Some(run) = self.runs.get_mut(&id) {
            run.timed_out = true;
            self.stop(id, StopRequest::Terminate, due);
        }
    }

    /// Returns the keys of a run's job and task, if it is still the task's current run.
    pub(super) fn task_of(&self, run: RunId) -> Option<(String, String)> {
        self.current(run)?;
        let location = &self.runs.get(&run)?.location;
        Some((key(&location.job), key(&location.task)))
    }

    fn current(&self, run: RunId) -> Option<&Task> {
        let location = &self.runs.get(&run)?.location;
        let task = self.jobs.get(&key(&location.job))?.tasks.get(&key(&location.task))?;
        (task.run == Some(run)).then_some(task)
    }

    /// Requeues the task of a run; it can start again after the run has ended.
    pub(super) fn requeue_run(
        &mut self,
        run: RunId,
        reason: Requeue,
        request: StopRequest,
        at: Timestamp,
    ) {
        if let Some((job, task)) = self.task_of(run)
            && let Some(job) = self.jobs.get_mut(&job)
        {
            let running = |task: &Task| task.phase.state == TaskState::Running;
            if job.tasks.get(&task).is_some_and(running) {
                job.change(&task, |task| task.requeue(reason, at));
            }
        }
        self.stop(run, request, at);
    }

    /// Processes the end of a run.
    pub(crate) fn run_ended(
        &mut self,
        id: RunId,
        ending: &RunOutcome,
        now: DateTime<Utc>,
    ) -> Option<EndedRun> {
        let task = self.task_of(id);
        let run = self.runs.remove(&id)?;
        let at = self.stamp(now);
        if let Some(due) = run.due {
            self.timers.remove(&(due, Timer::RunTimeLimit(id)));
        }
        if run.location.is_start_task() {
            self.start_task_ended(&run.location, ending, at);
            return None;
        }
        let counts = self.complete_task(task.as_ref(), &run, ending, at);
        self.free_slots(&run, id, ending, at);
        let (job, task) = (run.location.job.clone(), run.location.task.clone());
        self.schedule_file_removal(&run.location);
        self.update_job_state(&key(&job), at);
        self.start_departure_if_drained(&key(&run.location.pool), &run.location.node);
        Some(EndedRun { job, task, counts })
    }

    /// Completes or retries the task of a run, if it is running, and returns whether the end
    /// counts.
    fn complete_task(
        &mut self,
        task: Option<&(String, String)>,
        run: &Run,
        ending: &RunOutcome,
        at: Timestamp,
    ) -> bool {
        let Some((job_key, task)) = task else { return true };
        let Some(job) = self.jobs.get_mut(job_key) else { return true };
        let Some(found) = job.tasks.get(task) else { return true };
        let state = found.phase.state;
        let outcome = outcome(run, ending);
        let retries = job.max_retries_of(found);
        let may_retry = retries == -1 || i64::from(found.execution.retries) < i64::from(retries);
        let failed = matches!(ending, RunOutcome::Exited(code) if *code != 0);
        let retried = failed && may_retry && !run.timed_out;
        job.change(task, |task| {
            task.run = None;
            match state {
                TaskState::Running if retried => task.retry(at),
                TaskState::Running => task.complete(outcome, at),
                TaskState::Active | TaskState::Completed => {}
            }
        });
        if state == TaskState::Running && !retried {
            self.apply_job_action(job_key, task, at);
        }
        state != TaskState::Active
    }

    /// Frees the slots of a run.
    fn free_slots(&mut self, run: &Run, id: RunId, ending: &RunOutcome, at: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&key(&run.location.job)) {
            job.runs.remove(&id);
        }
        let Some(pool) = self.pools.get_mut(&key(&run.location.pool)) else { return };
        let succeeded = *ending == RunOutcome::Exited(0);
        let finished = &mut pool.finished;
        if succeeded {
            finished.0 += 1
        } else {
            finished.1 += 1
        }
        pool.nodes.change(&run.location.node, |node| {
            node.remove_run(id, run.slots, at);
            node.tasks_succeeded += u64::from(succeeded);
        });
    }
}

fn outcome(run: &Run, ending: &RunOutcome) -> Outcome {
    match ending {
        RunOutcome::Exited(code) if run.timed_out => Outcome::timed_out(Some(*code)),
        RunOutcome::NotStarted { .. } if run.timed_out => Outcome::timed_out(None),
        ending => Outcome::of(ending),
    }
}

/// Describes a run for the script.
fn scripted_run(start: &LaunchRequest) -> ScriptedRun<'_> {
    ScriptedRun {
        pool: &start.location.pool,
        node: &start.location.node,
        job: &start.location.job,
        task: &start.location.task,
        command_line: &start.command_line,
        settings: &start.settings.0,
    }
}
