//! The outcome of a demo.

use std::fmt;

use azure_batch_emulator::TaskSummary;
use github_emulator::{Conclusion, Job};
use serde::Serialize;

use local_deployment::{LocalDeployment, QUEUE};

/// The outcome of a demo so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    event: &'static str,
    jobs: u64,
    /// Jobs that succeeded on a runner of the deployment.
    pub(crate) served: u64,
    tasks: u64,
    runners_left: u64,
    registrations_left: u64,
    messages_left: u64,
    /// Tasks that failed, one line each; not part of the JSON.
    #[serde(skip)]
    failed: Vec<String>,
}

impl Summary {
    /// Counts jobs, tasks, runners, registrations and messages.
    pub(crate) fn of(deployment: &LocalDeployment) -> Self {
        let github = &deployment.github.emulator;
        let batch = &deployment.batch.emulator;
        let jobs = github.jobs();
        let tasks: Vec<TaskSummary> =
            batch.jobs().iter().flat_map(|job| batch.tasks(&job.id)).collect();
        let queues = &deployment.queues.emulator;
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

    /// Returns whether the demo is over: nothing remains, and all jobs are served or no further runner will start.
    pub(crate) fn is_over(&self, jobs: u32) -> bool {
        let jobs = u64::from(jobs);
        self.left() == 0 && (self.served == jobs || self.tasks >= jobs)
    }

    /// Returns whether every job was served, with one task per job, and nothing remains.
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

fn failure(task: &TaskSummary) -> Option<String> {
    let failed = task.exit_code.is_some_and(|code| code != 0) || task.failure.is_some();
    failed.then(|| format!("task {task:?}"))
}

fn served(job: &Job) -> bool {
    let is_own = job.runner.as_ref().is_some_and(|runner| runner.name.starts_with("gh-"));
    job.conclusion == Some(Conclusion::Success) && is_own
}

fn count<T>(items: &[T], is_counted: impl Fn(&T) -> bool) -> u64 {
    items.iter().filter(|item| is_counted(item)).count() as u64
}
