//! Switches for what goes wrong with real agents.

use std::time::Duration;

/// The behaviour of an agent. The default is an agent that works.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Whether the worker's completion event has `agentShuttingDown`. Agents before 2.165 have none.
    pub announces_end: bool,
    /// How long the agent keeps its session after the end of its job: in this time the service may give it a second job.
    pub lingers: Duration,
    /// Whether the worker crashes at the end of its job. With plans of version 8 the listener then reports nothing.
    pub worker_crashes: bool,
    /// How long after the start of its job the machine of the agent dies: nothing is reported, and the session stays.
    pub dies_after: Option<Duration>,
    /// How long an update takes to be downloaded.
    pub update_takes: Duration,
    /// Whether the agent never asks for a session: it hangs at its start.
    pub hangs_at_start: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            announces_end: true,
            lingers: Duration::ZERO,
            worker_crashes: false,
            dies_after: None,
            update_takes: Duration::from_secs(10),
            hangs_at_start: false,
        }
    }
}
