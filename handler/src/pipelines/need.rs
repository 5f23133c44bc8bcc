//! Whether an agent that starts is needed.

use chrono::{DateTime, Utc};

use super::dto::{Agent, JobRequest};
use super::registration::PROFILE_CAPABILITY;
use crate::profiles::PipelinesProfile;
use crate::task::{DeploymentName, TaskId};

/// Returns whether more requests of a profile wait than agents of this deployment are free for them, without the agent
/// of `own`.
///
/// Two agents that claim at the same time can both be needed by this rule. The one that remains without a job is removed
/// after `RunnerIdleMinutes`.
pub fn is_needed(
    (requests, agents): (&[JobRequest], &[Agent]),
    profiles: &[&PipelinesProfile],
    deployment: &DeploymentName,
    (own, profile): (&TaskId, &str),
    now: DateTime<Utc>,
) -> bool {
    let serves = |request: &&JobRequest| {
        let served = request.profile(profiles, agents, deployment, now);
        // The deployment that is responsible may have changed since the task was made.
        request.is_waiting(agents) && served.is_ok_and(|served| served.name == profile)
            || request.request_id == own.job && request.is_waiting(agents)
    };
    let waiting = requests.iter().filter(serves).count();
    let names = deployment.of_agents();
    let is_free = |agent: &&Agent| {
        let is_of_profile = agent
            .system_capabilities
            .get(PROFILE_CAPABILITY)
            .is_some_and(|of_agent| of_agent == profile);
        let is_ours = names.parse_task(&agent.name).is_some_and(|id| id != *own);
        let is_unused = agent.assigned_request.is_none() && agent.last_completed_request.is_none();
        is_ours && is_of_profile && agent.enabled && is_unused
    };
    waiting > agents.iter().filter(is_free).count()
}
