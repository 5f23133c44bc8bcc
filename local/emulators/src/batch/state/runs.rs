//! Runs of tasks: how they end, and what that means for the task.

use chrono::{DateTime, Utc};

use super::task::{Outcome, Requeue};
use super::{Order, Place, RunId, State, Task, TaskState, key};
use crate::batch::launch::{Ask, Ending};
use crate::batch::wire::Stamp;

/// A run whose end was not told yet.
#[derive(Clone, Debug)]
pub(super) struct Run {
    place: Place,
    slots: u32,
    due: Option<Stamp>,
    timed_out: bool,
}

/// What a moment that comes ends.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Deadline {
    Run(RunId),
    Job(String),
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
    pub(super) fn new(place: &Place, slots: u32, due: Option<Stamp>) -> Self {
        Self { place: place.clone(), slots, due, timed_out: false }
    }
}

impl State {
    /// Tells when something is due next.
    pub(crate) fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.deadlines.first().map(|(due, _)| due.moment())
    }

    /// Ends what has taken too long.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) {
        while let Some((due, deadline)) = self.deadlines.pop_first() {
            if due.moment() > now {
                self.deadlines.insert((due, deadline));
                return;
            }
            match deadline {
                Deadline::Run(run) => self.time_out(run),
                Deadline::Job(job) => {
                    let at = self.stamp(now);
                    if self.jobs.get(&job).is_some_and(|job| job.check_alive().is_ok()) {
                        self.terminate(&job, "MaxWallClockTimeExpiry", at);
                    }
                }
            }
        }
    }

    fn time_out(&mut self, id: RunId) {
        if self.current(id).is_none_or(|task| task.phase.state != TaskState::Running) {
            return;
        }
        if let Some(run) = self.runs.get_mut(&id) {
            run.timed_out = true;
            self.orders.push(Order::Stop(id, Ask::End));
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
        self.orders.push(Order::Stop(run, ask));
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
        let counts = self.conclude(task.as_ref(), &run, ending, at);
        self.release(&run, id, ending, at);
        let (job, task) = (run.place.job.clone(), run.place.task.clone());
        if !self.keeps_files(&run.place) {
            self.orders.push(Order::Forget(run.place));
        }
        self.settle(&key(&job), at);
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
        let Some((job, task)) = task else { return true };
        let Some(job) = self.jobs.get_mut(job) else { return true };
        let Some(found) = job.tasks.get(task) else { return true };
        let state = found.phase.state;
        let outcome = outcome(run, ending);
        let retries = job.retries_of(found);
        let may_retry = retries == -1 || i64::from(found.execution.retries) < i64::from(retries);
        let failed = matches!(ending, Ending::Exited(code) if *code != 0);
        job.change(task, |task| {
            task.run = None;
            match state {
                TaskState::Running if failed && may_retry && !run.timed_out => task.retry(at),
                TaskState::Running => task.complete(outcome, at),
                TaskState::Active | TaskState::Completed => {}
            }
        });
        state != TaskState::Active
    }

    /// Frees what a run had.
    fn release(&mut self, run: &Run, id: RunId, ending: &Ending, at: Stamp) {
        if let Some(job) = self.jobs.get_mut(&key(&run.place.job)) {
            job.runs.remove(&id);
        }
        let pool = self.pools.get_mut(&key(&run.place.pool));
        if let Some(node) = pool.and_then(|pool| pool.node_mut(&run.place.node)) {
            node.let_go(id, run.slots, at);
            node.tasks_succeeded += u64::from(*ending == Ending::Exited(0));
        }
    }

    /// Tells whether a run's files can still be asked for: it is the last of a completed task.
    fn keeps_files(&self, place: &Place) -> bool {
        let job = self.jobs.get(&key(&place.job));
        job.and_then(|job| job.tasks.get(&key(&place.task))).is_some_and(|task| {
            let last = task.place.as_ref().is_some_and(|last| last.run == place.run);
            last && task.phase.state == TaskState::Completed
        })
    }
}

fn outcome(run: &Run, ending: &Ending) -> Outcome {
    match ending {
        Ending::Exited(code) if run.timed_out => Outcome::timed_out(Some(*code)),
        Ending::Exited(code) => Outcome::of_exit(*code),
        Ending::NotStarted { .. } if run.timed_out => Outcome::timed_out(None),
        Ending::NotStarted { code, reason } => Outcome::not_started(code, reason),
    }
}
