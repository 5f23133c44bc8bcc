//! Counts what a run has done, and what it has left.

use std::fmt;

use emulators::batch::TaskSeen;
use emulators::github::{Conclusion, Job};
use serde::Serialize;

use crate::cloud::{Cloud, QUEUE};

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
            messages_left: count(&queues.messages(QUEUE), |_| true)
                + count(&queues.messages(&poison), |_| true),
        }
    }

    /// Tells whether there is nothing left to wait for.
    pub(crate) fn is_over(&self, jobs: u32) -> bool {
        self.served == u64::from(jobs) && self.left() == 0
    }

    /// Tells whether each job was served by a runner of its own, and nothing is left.
    pub(crate) fn is_clean(&self, jobs: u32) -> bool {
        self.is_over(jobs) && self.tasks == self.jobs
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
        write!(f, "{} registrations, {} messages", self.registrations_left, self.messages_left)
    }
}

fn served(job: &Job) -> bool {
    let ours = job.runner.as_ref().is_some_and(|runner| runner.name.starts_with("gh-"));
    job.conclusion == Some(Conclusion::Success) && ours
}

fn count<T>(items: &[T], which: impl Fn(&T) -> bool) -> u64 {
    items.iter().filter(|item| which(item)).count() as u64
}
