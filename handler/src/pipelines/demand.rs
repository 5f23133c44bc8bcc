//! Which requests wait, and which profile serves each.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::dto::{Agent, JobRequest};
use super::names::{parse_placeholder, placeholder};
use crate::ordered::InsertEach;
use crate::profiles::PipelinesProfile;
use crate::task::DeploymentName;

/// How long a request that another deployment should serve may wait before this one serves it as well.
pub const OTHERS_TIMEOUT: TimeDelta = TimeDelta::minutes(5);

/// Why a waiting request gets no agent of this deployment now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotServed {
    /// No profile of its pool has capabilities that meet its demands.
    NoProfile,
    /// Another deployment serves it first.
    OfOthers,
}

impl JobRequest {
    /// Returns whether it waits for an agent: it has no result, and no agent that still exists is reserved for it or has
    /// acknowledged it.
    ///
    /// An agent is reserved some seconds before it acknowledges. If it has died, the service takes the request back when
    /// its lock expires.
    pub fn is_waiting(&self, agents: &[Agent]) -> bool {
        let reserved = self.reserved_agent.as_ref();
        let is_reserved =
            reserved.is_some_and(|reserved| agents.iter().any(|agent| agent.id == reserved.id));
        let is_assigned = agents.iter().any(|agent| {
            agent.assigned_request.as_ref().is_some_and(|one| one.request_id == self.request_id)
        });
        self.result.is_none() && self.receive_time.is_none() && !is_reserved && !is_assigned
    }

    /// Returns the first profile that meets its demands, by the agents that Azure DevOps has matched.
    ///
    /// `profiles` are those of its pool, `agents` the agents of the pool.
    ///
    /// # Errors
    /// When this deployment does not serve it.
    pub fn profile<'p>(
        &self,
        profiles: &[&'p PipelinesProfile],
        agents: &[Agent],
        deployment: &DeploymentName,
        now: DateTime<Utc>,
    ) -> Result<&'p PipelinesProfile, NotServed> {
        let has = |name: &str| self.matched_agents.iter().any(|agent| agent.name == name);
        let serves = |profile: &&&PipelinesProfile| {
            self.matches_all_agents_in_pool || has(&placeholder(deployment, &profile.name))
        };
        let profile = profiles.iter().find(serves).ok_or(NotServed::NoProfile)?;
        let is_late = self.queue_time.is_some_and(|queued| now - queued >= OTHERS_TIMEOUT);
        let is_own =
            self.serving_deployment(agents).is_none_or(|own| own == deployment.to_string());
        if is_own || is_late { Ok(profile) } else { Err(NotServed::OfOthers) }
    }

    /// Returns the deployment that serves the request first, of those with a matching placeholder: each serves a share.
    fn serving_deployment<'a>(&'a self, agents: &'a [Agent]) -> Option<&'a str> {
        let matched = self.matched_agents.iter().map(|agent| agent.name.as_str());
        let all = agents.iter().map(|agent| agent.name.as_str());
        let names: Vec<&str> =
            if self.matches_all_agents_in_pool { all.collect() } else { matched.collect() };
        let deployments: BTreeSet<&str> =
            names.into_iter().filter_map(parse_placeholder).map(|(name, _)| name).insert_each();
        let count = u64::try_from(deployments.len()).ok().filter(|&count| count > 0)?;
        let share = usize::try_from(self.request_id % count).ok()?;
        deployments.into_iter().nth(share)
    }
}
