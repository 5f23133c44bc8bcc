//! Runs of tasks: how they begin and end, and what that means for the task.

use chrono::{DateTime, Utc};

use super::agenda::Deadline;
use super::task::{Outcome, Requeue};
use super::{Order, Place, RunId, Start, State, Task, TaskState, key};
use crate::launch::{Act, Ask, Ending};
use crate::wire::{Span, Stamp};
use emulator_core::events::EventKind;

/// A run whose end was not told yet.
#[derive(Debug)]
pub(super) struct Run {
    place: Place,
    slots: u32,
    limit: Option<Span>,
    due: Option<Stamp>,
    timed_out: bool,
    stage: Stage,
}

/// How far a run is.
#[derive(Debug)]
enum Stage {
    /// It waits for its image.
    Waiting(Box<Start>),
    /// A program runs for it.
    Real,
    /// It is a script's, and ends like this.
    Scripted(Ending),
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finished {
    pub(crate) job: String,
    pub(crate) task: String,
    /// Whether the program came to an end of its own account or as asked, not with its node.
    pub(crate) counts: bool,
}

impl Run {
    pub(super) fn new(start: Start, slots: u32, limit: Option<Span>) -> Self {
        let place = start.place.clone();
        let stage = Stage::Waiting(Box::new(start));
        Self { place, slots, limit, due: None, timed_out: false, stage }
    }

    /// Tells whether a program runs for it.
    pub(super) fn is_real(&self) -> bool {
        matches!(self.stage, Stage::Real)
    }
}

impl State {
    /// Begins a run that is ready to: by its script, or by an order to the world.
    pub(super) fn launch(&mut self, id: RunId, at: Stamp) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let Stage::Waiting(start) = std::mem::replace(&mut run.stage, Stage::Real) else { return };
        let Some(script) = &self.script else {
            return self.orders.push(Order::Start(start));
        };
        let play = script(&Act::of(&start));
        let ending = start.misfit.clone().unwrap_or(Ending::Exited(play.exit_code));
        run.stage = Stage::Scripted(ending);
        let takes = chrono::TimeDelta::from_std(play.takes).unwrap_or(chrono::TimeDelta::MAX);
        if !start.place.is_start_task() {
            let (job, task) = (start.place.job.clone(), start.place.task.clone());
            let what = EventKind::TaskStarted { job, task, node: start.label.clone() };
            self.orders.push(Order::Tell(at.moment(), what));
        }
        self.limit_run(id, self.now);
        // Never at once: who starts a run may not have finished with it.
        let due = self.moment().plus(takes).max(self.moment().next());
        self.deadlines.insert((due, Deadline::End(id)));
    }

    /// Ends a run as its script says.
    pub(super) fn end_of_script(&mut self, id: RunId, due: Stamp) {
        let Some(Run { stage: Stage::Scripted(ending), .. }) = self.runs.get(&id) else { return };
        let ending = ending.clone();
        self.tell_end(id, &ending, due.moment());
    }

    /// Takes the end of a run that no program runs for, and tells of it.
    fn tell_end(&mut self, id: RunId, ending: &Ending, now: DateTime<Utc>) {
        let Some(finished) = self.ended(id, ending, now).filter(|finished| finished.counts) else {
            return;
        };
        let (job, task, exit_code) = (finished.job, finished.task, ending.code());
        self.orders.push(Order::Tell(now, EventKind::TaskEnded { job, task, exit_code }));
    }

    /// Sets the time by which a run that has begun must have ended.
    pub(crate) fn limit_run(&mut self, id: RunId, now: DateTime<Utc>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        run.due = run.limit.and_then(|limit| Stamp::of(now).after(limit));
        self.deadlines.extend(run.due.map(|due| (due, Deadline::Run(id))));
    }

    /// Asks a run to stop; what no program runs for has stopped with that.
    pub(super) fn stop(&mut self, id: RunId, ask: Ask, at: Stamp) {
        match self.runs.get(&id) {
            Some(run) if !run.is_real() => {
                let ending = Ending::Exited(if ask == Ask::Kill { -9 } else { -15 });
                self.tell_end(id, &ending, at.moment());
            }
            Some(_) => self.orders.push(Order::Stop(id, ask)),
            None => {}
        }
    }

    /// Ends a run that has taken too long.
    pub(super) fn time_out(&mut self, id: RunId, due: Stamp) {
        if self.current(id).is_none_or(|task| task.phase.state != TaskState::Running) {
            return;
        }
        if let Some(run) = self.runs.get_mut(&id) {
            run.timed_out = true;
            self.stop(id, Ask::End, due);
        }
    }

    /// Finds the task of a run, by the keys of job and task, if that still is its task's last run.
    pub(super) fn task_of(&self, run: RunId) -> Option<(String, String)> {
        self.current(run)?;
        let place = &self.runs.get(&run)?.place;
        Some((key(&place.job), key(&place.task)))
    }

    fn current(&self, run: RunId) -> Option<&Task> {
        let place = &self.runs.get(&run)?.place;
        let task = self.jobs.get(&key(&place.job))?.tasks.get(&key(&place.task))?;
        (task.run == Some(run)).then_some(task)
    }

    /// Sends the task of a run back to the queue; it can start again once the run has ended.
    pub(super) fn requeue_run(&mut self, run: RunId, why: Requeue, ask: Ask, at: Stamp) {
        if let Some((job, task)) = self.task_of(run)
            && let Some(job) = self.jobs.get_mut(&job)
        {
            let running = |task: &Task| task.phase.state == TaskState::Running;
            if job.tasks.get(&task).is_some_and(running) {
                job.change(&task, |task| task.requeue(why, at));
            }
        }
        self.stop(run, ask, at);
    }

    /// Takes the end of a run into account.
    pub(crate) fn ended(
        &mut self,
        id: RunId,
        ending: &Ending,
        now: DateTime<Utc>,
    ) -> Option<Finished> {
        let task = self.task_of(id);
        let run = self.runs.remove(&id)?;
        let at = self.stamp(now);
        if let Some(due) = run.due {
            self.deadlines.remove(&(due, Deadline::Run(id)));
        }
        if run.place.is_start_task() {
            self.start_task_ended(&run.place, ending, at);
            return None;
        }
        let counts = self.conclude(task.as_ref(), &run, ending, at);
        self.release(&run, id, ending, at);
        let (job, task) = (run.place.job.clone(), run.place.task.clone());
        self.keep_files(&run.place);
        self.settle(&key(&job), at);
        self.leave_if_free(&key(&run.place.pool), &run.place.node);
        Some(Finished { job, task, counts })
    }

    /// Gives the end to the task, if it still runs; tells whether the end counts.
    fn conclude(
        &mut self,
        task: Option<&(String, String)>,
        run: &Run,
        ending: &Ending,
        at: Stamp,
    ) -> bool {
        let Some((job_key, task)) = task else { return true };
        let Some(job) = self.jobs.get_mut(job_key) else { return true };
        let Some(found) = job.tasks.get(task) else { return true };
        let state = found.phase.state;
        let outcome = outcome(run, ending);
        let retries = job.retries_of(found);
        let may_retry = retries == -1 || i64::from(found.execution.retries) < i64::from(retries);
        let failed = matches!(ending, Ending::Exited(code) if *code != 0);
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
            self.act_on_job(job_key, task, at);
        }
        state != TaskState::Active
    }

    /// Frees what a run had.
    fn release(&mut self, run: &Run, id: RunId, ending: &Ending, at: Stamp) {
        if let Some(job) = self.jobs.get_mut(&key(&run.place.job)) {
            job.runs.remove(&id);
        }
        let Some(pool) = self.pools.get_mut(&key(&run.place.pool)) else { return };
        let succeeded = *ending == Ending::Exited(0);
        let finished = &mut pool.finished;
        if succeeded {
            finished.0 += 1
        } else {
            finished.1 += 1
        }
        if let Some(node) = pool.node_mut(&run.place.node) {
            node.let_go(id, run.slots, at);
            node.tasks_succeeded += u64::from(succeeded);
        }
    }
}

fn outcome(run: &Run, ending: &Ending) -> Outcome {
    match ending {
        Ending::Exited(code) if run.timed_out => Outcome::timed_out(Some(*code)),
        Ending::NotStarted { .. } if run.timed_out => Outcome::timed_out(None),
        ending => Outcome::of(ending),
    }
}
