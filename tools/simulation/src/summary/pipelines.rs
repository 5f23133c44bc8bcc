//! The part of a summary about Azure Pipelines.

use std::fmt;

use serde::Serialize;

use super::{Waits, waits};
use crate::checker::PipelinesFindings;

/// The part of the last line about Azure Pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct PipelinesLine {
    jobs: u64,
    served: u64,
    cancelled: u64,
    interrupted: u64,
    abandoned: u64,
    agents: u64,
    unused_agents: u64,
    wait_seconds: Waits,
}

impl PipelinesLine {
    /// Makes the line of findings; `None` if there were no such jobs.
    pub(super) fn of(all: &PipelinesFindings) -> Option<Self> {
        (all.jobs > 0).then(|| Self {
            jobs: all.jobs,
            served: all.served,
            cancelled: all.cancelled,
            interrupted: all.interrupted,
            abandoned: all.abandoned,
            agents: all.agents,
            unused_agents: all.unused_agents,
            wait_seconds: waits(&all.waits),
        })
    }
}

impl fmt::Display for PipelinesLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waits { p50, p95, max, .. } = self.wait_seconds;
        writeln!(
            f,
            "{} jobs of Azure Pipelines: {} served, {} cancelled, {} interrupted, {} without a further agent",
            self.jobs, self.served, self.cancelled, self.interrupted, self.abandoned
        )?;
        writeln!(f, "{} agents, {} of them had no job", self.agents, self.unused_agents)?;
        write!(f, "waits of these jobs: median {p50} s, 95 % {p95} s, longest {max} s")
    }
}
