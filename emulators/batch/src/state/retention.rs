//! How long the files of tasks are kept, and what the end of a task means for its job.

use super::agenda::Deadline;
use super::{JobState, Order, Place, RunId, State, Task, TaskState, key};
use crate::wire::{DisableTasks, JobAction, Stamp, TaskFailure};

impl State {
    /// Keeps the files of a run for as long as its task says, where they can still be asked for: it is
    /// the last run of a completed task.
    pub(super) fn keep_files(&mut self, place: &Place) {
        let (job, task) = (key(&place.job), key(&place.task));
        let last = |task: &&Task| {
            let last = task.place.as_ref().is_some_and(|last| last.run == place.run);
            last && task.phase.state == TaskState::Completed
        };
        let found = self.jobs.get(&job).and_then(|job| job.tasks.get(&task)).filter(last);
        let Some(found) = found else { return self.orders.push(Order::Forget(place.directory())) };
        let Some(until) = self.moment().after(found.retention()) else { return };
        self.deadlines.insert((until, Deadline::Retention { job, task, run: place.run }));
        let pool = self.pools.get_mut(&key(&place.pool));
        if let Some(node) = pool.and_then(|pool| pool.node_mut(&place.node)) {
            node.kept_until = node.kept_until.max(Some(until));
        }
    }

    /// Deletes the files of a run that need not be kept any longer.
    pub(super) fn clean_up(&mut self, job: &str, task: &str, run: RunId) {
        let job = self.jobs.get_mut(job);
        let Some(task) = job.and_then(|job| job.tasks.get_mut(task)) else { return };
        let completed = task.phase.state == TaskState::Completed;
        let place = task.place.as_ref().filter(|place| completed && place.run == run);
        if let Some(place) = place {
            self.orders.push(Order::Forget(place.directory()));
            task.cleaned_up = true;
        }
    }

    /// Does to a job what the end of one of its tasks asks for.
    pub(super) fn act_on_job(&mut self, id: &str, task: &str, at: Stamp) {
        let Some(job) = self.jobs.get(id) else { return };
        let acts = job.spec.on_task_failure == Some(TaskFailure::PerformExitOptionsJobAction);
        let alive = matches!(job.phase.state, JobState::Active | JobState::Disabling);
        let Some(task) = job.tasks.get(task).filter(|_| acts && alive) else { return };
        let exit_code = task.execution.outcome.as_ref().and_then(|outcome| outcome.exit_code);
        let conditions = task.spec.exit_conditions.as_ref();
        let action = conditions.map_or_else(
            || JobAction::unless_said(exit_code),
            |conditions| conditions.job_action(exit_code),
        );
        match action {
            JobAction::None => {}
            JobAction::Terminate => self.terminate(id, "TaskFailed", at),
            JobAction::Disable => self.disable(id, DisableTasks::Requeue, at),
        }
    }
}
