//! Retention of files, and job actions at the end of tasks.

use super::timers::Timer;
use super::{Effect, JobState, RunId, RunLocation, State, Task, TaskState, key};
use crate::dto::{DisableTasks, JobAction, TaskFailure, Timestamp};

impl State {
    /// Keeps the files of a run for the retention time of its task if they are still accessible,
    /// which means that it is the last run of a completed task. Otherwise removes them.
    pub(super) fn schedule_file_removal(&mut self, location: &RunLocation) {
        let (job, task) = (key(&location.job), key(&location.task));
        let last = |task: &&Task| {
            let last = task.location.as_ref().is_some_and(|last| last.run == location.run);
            last && task.phase.state == TaskState::Completed
        };
        let found = self.jobs.get(&job).and_then(|job| job.tasks.get(&task)).filter(last);
        let Some(found) = found else {
            return self.effects.push(Effect::RemoveDirectory(location.directory()));
        };
        let Some(until) = self.current_timestamp().after(found.retention()) else { return };
        self.timers.insert((until, Timer::FileRetention { job, task, run: location.run }));
        self.change_node(&key(&location.pool), &location.node, |node| {
            node.files_kept_until = node.files_kept_until.max(Some(until));
        });
    }

    /// Removes the files of a run whose retention time has expired.
    pub(super) fn remove_files(&mut self, job: &str, task: &str, run: RunId) {
        let job = self.jobs.get_mut(job);
        let Some(task) = job.and_then(|job| job.tasks.get_mut(task)) else { return };
        let completed = task.phase.state == TaskState::Completed;
        let location = task.location.as_ref().filter(|location| completed && location.run == run);
        if let Some(location) = location {
            self.effects.push(Effect::RemoveDirectory(location.directory()));
            task.cleaned_up = true;
        }
    }

    /// Applies the job action of a task's end.
    pub(super) fn apply_job_action(&mut self, id: &str, task: &str, at: Timestamp) {
        let Some(job) = self.jobs.get(id) else { return };
        let acts = job.spec.on_task_failure == Some(TaskFailure::PerformExitOptionsJobAction);
        let alive = matches!(job.phase.state, JobState::Active | JobState::Disabling);
        let Some(task) = job.tasks.get(task).filter(|_| acts && alive) else { return };
        let exit_code = task.execution.outcome.as_ref().and_then(|outcome| outcome.exit_code);
        let conditions = task.spec.exit_conditions.as_ref();
        let action = conditions.map_or_else(
            || JobAction::default_for(exit_code),
            |conditions| conditions.job_action(exit_code),
        );
        match action {
            JobAction::None => {}
            JobAction::Terminate => self.terminate(id, "TaskFailed", at),
            JobAction::Disable => self.disable(id, DisableTasks::Requeue, at),
        }
    }
}
