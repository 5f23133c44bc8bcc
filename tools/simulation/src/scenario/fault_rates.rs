//! The rates of injected faults, and the services that they affect.

use serde::{Deserialize, Serialize};

/// How often calls and invocations fail until fault injection stops; shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRates {
    /// Calls that fail or lose their request or response.
    pub faulty_calls: f64,
    /// Calls that take seconds.
    pub slow_calls: f64,
    /// Invocations of a function that are killed before they end.
    pub invocation_kills: f64,
    /// Runs of tasks that lose their node in their first seconds.
    #[serde(default)]
    pub node_losses: f64,
    /// Runners whose job has read the ticket and replays it before their container ends.
    pub ticket_replays: f64,
    /// Runs of tasks whose runner never opens a session with GitHub.
    #[serde(default)]
    pub offline_runners: f64,
    /// Runs of tasks whose listener is killed while its job runs.
    #[serde(default)]
    pub listener_kills: f64,
    /// Runs of tasks that are terminated as their runner or its job starts.
    #[serde(default)]
    pub terminations: f64,
    /// Runs of tasks whose container stays after its runner's job has ended.
    #[serde(default)]
    pub outliving_jobs: f64,
    /// Runs of tasks whose job stops its listener, so that GitHub loses the runner while the container stays.
    #[serde(default)]
    pub stopped_listeners: f64,
    /// Lists of GitHub that contain one more item, in which a required value is missing.
    #[serde(default)]
    pub odd_items: f64,
    /// Runs of tasks on an image of an earlier release: it waits without a limit for its session, and reports a job
    /// that failed before the hook as no job.
    #[serde(default)]
    pub old_images: f64,
}

/// The service or function that is called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Callee {
    /// GitHub's API, by the handler.
    Github,
    /// Batch, by the handler.
    Batch,
    /// The queues, by the handler.
    Queues,
    /// The blobs, by the handler.
    Blobs,
    /// The queues, by the Functions host.
    Host,
    /// ClaimRunner, by an entrypoint.
    Claim,
    /// Azure DevOps, by the handler.
    Pipelines,
}
