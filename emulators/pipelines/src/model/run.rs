//! Projects, and runs of pipelines with their plans.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::request::Work;

/// A project of the organization.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A run of a pipeline: a build and its plan.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    /// The number of the build, such as `20261129.1`.
    pub(crate) number: String,
    pub(crate) project: Project,
    pub(crate) pipeline: (u64, String),
    pub(crate) plan_id: String,
    /// The version of the plan: from 8 on, the worker reports the end of a job, before that the listener.
    pub(crate) plan_version: u64,
    pub(crate) timeline_id: String,
    pub(crate) stage_id: String,
    pub(crate) queue_time: DateTime<Utc>,
    pub(crate) finish_time: Option<DateTime<Utc>>,
    pub(crate) result: Option<&'static str>,
}

/// A job to queue, in a new run of its own or in an existing one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The name of the project, which is created if it does not exist.
    pub project: String,
    /// The name of the pipeline.
    #[serde(default = "ci")]
    pub pipeline: String,
    /// The name of the job.
    #[serde(default = "build")]
    pub job: String,
    /// The name of the pool.
    pub pool: String,
    /// The demands of the pipeline, such as `gpu` or `Agent.OS -equals Linux`.
    #[serde(default)]
    pub demands: Vec<String>,
    /// The oldest version of the agent that may serve it, which the service adds as a demand.
    #[serde(default = "minimum_version")]
    pub minimum_version: String,
    /// The run to which the job is added.
    #[serde(default)]
    pub run: Option<u64>,
    /// The version of the plan of a new run.
    #[serde(default = "plan_version")]
    pub plan_version: u64,
    /// What a stand-in agent does for it.
    #[serde(default)]
    pub work: Work,
    /// How long after its event the request is listed, in milliseconds: an event can be early.
    #[serde(default)]
    pub listed_after_ms: u32,
}

impl NewJob {
    /// Makes a job of pipeline `CI` of a project, for a pool, without demands.
    pub fn new(project: &str, pool: &str) -> Self {
        Self {
            project: project.to_owned(),
            pipeline: ci(),
            job: build(),
            pool: pool.to_owned(),
            demands: Vec::new(),
            minimum_version: minimum_version(),
            run: None,
            plan_version: plan_version(),
            work: Work::default(),
            listed_after_ms: 0,
        }
    }

    /// Adds demands.
    #[must_use]
    pub fn with_demands(mut self, demands: &[&str]) -> Self {
        self.demands.extend(demands.iter().map(|&demand| demand.to_owned()));
        self
    }
}

/// The result of queuing a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Queued {
    /// The job waits for an agent.
    Waiting {
        /// The id of the run.
        run: u64,
        /// The id of the job request.
        request: u64,
    },
    /// No registered agent meets its demands, so the service rejected the job at once.
    Rejected {
        /// The id of the run.
        run: u64,
        /// The text of the error.
        error: String,
    },
    /// There is no such pool, or run, or a demand has another form.
    Invalid(String),
}

impl Queued {
    /// Returns the id of the job request.
    ///
    /// # Panics
    /// The job does not wait.
    pub fn request(&self) -> u64 {
        match self {
            Self::Waiting { request, .. } => *request,
            other => panic!("the job does not wait: {other:?}"),
        }
    }
}

fn ci() -> String {
    "CI".to_owned()
}

fn build() -> String {
    "build".to_owned()
}

fn minimum_version() -> String {
    "2.182.1".to_owned()
}

fn plan_version() -> u64 {
    8
}
