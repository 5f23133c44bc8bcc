//! Messages between the runner service, the listener and the Worker.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use github_emulator::{Conclusion, Step};

/// A numbered message of the runner service.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) number: u64,
    pub(crate) message: Message,
}

/// A message of the runner service.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Message {
    /// A job is ready to be accepted.
    Job { job: u64 },
    /// The job was cancelled.
    Cancel { job: u64 },
    /// The runner must update itself.
    Refresh { version: [u32; 3] },
}

/// The job message: all that a runner needs to run a job.
#[derive(Debug, Deserialize)]
pub(crate) struct JobMessage {
    pub(crate) job: u64,
    pub(crate) directory: String,
    pub(crate) runs_for_ms: u64,
    pub(crate) set_up_fails: bool,
    pub(crate) pre: Option<String>,
    pub(crate) script: Option<String>,
    pub(crate) always: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// The report of a completed job.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) conclusion: Conclusion,
    pub(crate) steps: Vec<Step>,
    pub(crate) annotations: Vec<String>,
}

/// The Worker's input: the job, and access to the runner service.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct WorkerInput {
    pub(crate) job_message: Value,
    pub(crate) runner: String,
    pub(crate) work_folder: String,
    pub(crate) service: String,
    pub(crate) token: String,
}

/// A message of the listener to its Worker during a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WorkerMessage {
    /// The job was cancelled.
    CancelRequest,
    /// The runner shuts down.
    RunnerShutdown,
}

impl Report {
    /// Makes the report of a failed job of which nothing else is known.
    pub(crate) fn failure() -> Self {
        Self { conclusion: Conclusion::Failure, steps: Vec::new(), annotations: Vec::new() }
    }
}

impl WorkerMessage {
    /// Returns the line that the Worker reads.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::CancelRequest => "cancel\n",
            Self::RunnerShutdown => "shutdown\n",
        }
    }
}
