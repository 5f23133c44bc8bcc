//! The outcome of a local deployment: what became of its jobs.

use std::fmt;

use azure_batch_emulator::TaskSummary;
use azure_pipelines_emulator::{Agent, JobRequestView, TaskResult};
use github_emulator::{Conclusion, Job};
use serde::Serialize;

use local_deployment::{LocalDeployment, Organization, QUEUE};

/// How a demo ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Every job was served by one task, and nothing remained.
    Served,
    /// No further runner would start, and the result is another one.
    #[default]
    Failed,
    /// The timeout was reached.
    TimedOut {
        /// The timeout.
        seconds: u64,
    },
    /// A signal ended it.
    Interrupted {
        /// The name of the signal.
        signal: &'static str,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Served => f.write_str("every job was served by one task"),
            Self::Failed => f.write_str("failed, although no task runs any more"),
            Self::TimedOut { seconds } => write!(f, "gave up after {seconds} s (--timeout)"),
            Self::Interrupted { signal } => write!(f, "ended by {signal}"),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Served => "served",
            Self::Failed => "failed",
            Self::TimedOut { .. } => "timed-out",
            Self::Interrupted { .. } => "interrupted",
        })
    }
}

/// The jobs of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Served {
    jobs: u64,
    served: u64,
}

/// The jobs of both services.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Services {
    github: Served,
    pipelines: Served,
}

/// The jobs, tasks and what remains of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    event: &'static str,
    /// How the demo ended.
    outcome: Outcome,
    jobs: u64,
    /// Jobs that succeeded on a runner of the deployment.
    pub(crate) served: u64,
    tasks: u64,
    runners_left: u64,
    registrations_left: u64,
    messages_left: u64,
    /// The jobs of each service, if there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Services>,
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
        let of_github = Served { jobs: count(&jobs, |_| true), served: count(&jobs, served) };
        let organization = deployment.organization.as_ref();
        let (of_pipelines, agents) = organization.map(of_pipelines).unwrap_or_default();
        let services = Services { github: of_github, pipelines: of_pipelines };
        let tasks: Vec<TaskSummary> =
            batch.jobs().iter().flat_map(|job| batch.tasks(&job.id)).collect();
        let queues = &deployment.queues.emulator;
        let poison = format!("{QUEUE}-poison");
        Self {
            event: "summary",
            outcome: Outcome::default(),
            jobs: of_github.jobs + of_pipelines.jobs,
            served: of_github.served + of_pipelines.served,
            tasks: count(&tasks, |_| true),
            runners_left: count(&tasks, |task| task.state != "completed"),
            registrations_left: count(&github.runners(), |_| true) + agents,
            services: organization.map(|_| services),
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

    /// Returns the outcome of a demo that is over: whether every job was served, with one task per job.
    pub(crate) fn outcome_of(&self, jobs: u32) -> Outcome {
        let is_clean =
            self.left() == 0 && self.served == u64::from(jobs) && self.tasks == self.jobs;
        if is_clean { Outcome::Served } else { Outcome::Failed }
    }

    /// Sets the outcome.
    pub(crate) fn with(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// Returns a sentence on the jobs.
    pub(crate) fn jobs_served(&self) -> String {
        match self.jobs {
            0 => "no job was queued".to_owned(),
            jobs => format!("{} of {jobs} jobs were served", self.served),
        }
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
        if let Some(Services { github, pipelines }) = &self.services {
            let of = |served: &Served| format!("{} of {}", served.served, served.jobs);
            write!(f, "\nof GitHub: {}; of Azure Pipelines: {}", of(github), of(pipelines))?;
        }
        self.failed.iter().try_for_each(|task| write!(f, "\n{task}"))
    }
}

/// Counts the jobs of an organization, and the agents that are registered for jobs.
fn of_pipelines(organization: &Organization) -> (Served, u64) {
    let pipelines = &organization.service.emulator;
    let requests = pipelines.requests();
    let succeeded = |request: &JobRequestView| request.result == Some(TaskResult::Succeeded);
    let served = Served { jobs: count(&requests, |_| true), served: count(&requests, succeeded) };
    // The pool's placeholder is never online.
    let for_job = |agent: &Agent| agent.name.starts_with("gh-");
    (served, count(&pipelines.agents(), for_job))
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
