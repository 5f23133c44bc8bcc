//! Counts what a run has done, and what it has left.

use std::fmt;

use azure_batch_emulator::TaskSeen;
use github_emulator::{Conclusion, Job};
use serde::Serialize;

use local_deployment::{Cloud, QUEUE};

/// The outcome of a run so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    event: &'static str,
    jobs: u64,
    /// Jobs that a runner of ours has served.
    pub(crate) served: u64,
    tasks: u64,
    runners_left: u64,
    registrations_left: u64,
    messages_left: u64,
    /// Tasks that did not end with 0, in a line each; for a person.
    #[serde(skip)]
    failed: Vec<String>,
}

impl Summary {
    /// Counts what there is now.
    pub(crate) fn of(cloud: &Cloud) -> Self {
        let github = &cloud.github.emulator;
        let batch = &cloud.batch.emulator;
        let jobs = github.jobs();
        let tasks: Vec<TaskSeen> =
            batch.jobs().iter().flat_map(|job| batch.tasks(&job.id)).collect();
        let queues = &cloud.queues.emulator;
        let poison = format!("{QUEUE}-poison");
        Self {
            event: "summary",
            jobs: count(&jobs, |_| true),
            served: count(&jobs, served),
            tasks: count(&tasks, |_| true),
            runners_left: count(&tasks, |task| task.state != "completed"),
            registrations_left: count(&github.runners(), |_| true),
            failed: tasks.iter().filter_map(failure).collect(),
            messages_left: count(&queues.messages(QUEUE), |_| true)
                + count(&queues.messages(&poison), |_| true),
        }
    }

    /// Tells whether there is nothing left to wait for: all jobs are served, or no runner is to come.
    pub(crate) fn is_over(&self, jobs: u32) -> bool {
        let jobs = u64::from(jobs);
        self.left() == 0 && (self.served == jobs || self.tasks >= jobs)
    }

    /// Tells whether each job was served by a runner of its own, and nothing is left.
    pub(crate) fn is_clean(&self, jobs: u32) -> bool {
        self.left() == 0 && self.served == u64::from(jobs) && self.tasks == self.jobs
    }

    fn left(&self) -> u64 {
        self.runners_left + self.registrations_left + self.messages_left
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, served, tasks, .. } = self;
        write!(f, "{served} of {jobs} jobs served by {tasks} tasks; left: ")?;
        write!(f, "{} runners, ", self.runners_left)?;
        write!(f, "{} registrations, {} messages", self.registrations_left, self.messages_left)?;
        self.failed.iter().try_for_each(|task| write!(f, "\n{task}"))
    }
}

fn failure(task: &TaskSeen) -> Option<String> {
    let failed = task.exit_code.is_some_and(|code| code != 0) || task.failure.is_some();
    failed.then(|| format!("task {task:?}"))
}

fn served(job: &Job) -> bool {
    let ours = job.runner.as_ref().is_some_and(|runner| runner.name.starts_with("gh-"));
    job.conclusion == Some(Conclusion::Success) && ours
}

fn count<T>(items: &[T], which: impl Fn(&T) -> bool) -> u64 {
    items.iter().filter(|item| which(item)).count() as u64
}
