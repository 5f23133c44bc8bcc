//! The part of a record that is about Azure Pipelines.

use serde::{Deserialize, Serialize};

use super::TaskRecord;

/// The record of an organization.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PipelinesRecord {
    /// The jobs, ordered by their requests.
    pub jobs: Vec<PipelinesJobRecord>,
    /// The tasks of agents of all deployments, ordered by the time they were added.
    pub tasks: Vec<TaskRecord>,
    /// The agents, without placeholders, ordered by registration.
    pub agents: Vec<AgentRecord>,
    /// The times at which a job was rejected because no agent met its demands.
    pub rejected: Vec<u64>,
    /// The time of the first registration of the placeholders that are registered last.
    pub ready_at: Option<u64>,
}

/// The record of a job and its request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PipelinesJobRecord {
    /// Its index in the scenario.
    pub planned: usize,
    /// The id of its request.
    pub request: u64,
    /// The time at which it was queued.
    pub queued_at: u64,
    /// The reservations of agents, in order.
    pub reservations: Vec<Reservation>,
    /// The time of its result.
    pub ended_at: Option<u64>,
    /// The result, by its name at the service.
    pub result: Option<String>,
    /// The time at which its run was cancelled.
    pub cancelled_at: Option<u64>,
    /// Whether its request stays without a result for ever.
    pub is_orphaned: bool,
}

/// The reservation of an agent for a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reservation {
    /// The name of the agent.
    pub agent: String,
    /// The time.
    pub at: u64,
    /// The time at which the agent acknowledged the job.
    pub started_at: Option<u64>,
    /// The time at which it ended: the job had a result, or waited again.
    pub ended_at: Option<u64>,
}

/// The record of a registered agent. Several have the same name, one after another, if a task registers again.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AgentRecord {
    /// Its name.
    pub name: String,
    /// The time of its registration.
    pub registered_at: u64,
    /// The time of its first session.
    pub online_at: Option<u64>,
    /// The time at which it was removed.
    pub removed_at: Option<u64>,
}

impl PipelinesJobRecord {
    /// Returns the reservation whose agent acknowledged the job last.
    pub fn started(&self) -> Option<&Reservation> {
        self.reservations.iter().rfind(|one| one.started_at.is_some())
    }

    /// Returns whether an agent was reserved at any time of a span.
    pub fn is_reserved_in(&self, (from, until): (u64, u64)) -> bool {
        let mut all = self.reservations.iter();
        all.any(|one| one.at <= until && one.ended_at.is_none_or(|ended_at| ended_at >= from))
    }
}
