//! Which agents the service matches with a job.

use super::State;
use crate::model::agent::Registration;
use crate::model::request::JobRequest;

/// The agents that a waiting job request names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Matched {
    /// `matchesAllAgentsInPool` stands instead of a list.
    All,
    /// `matchedAgents`, also offline and disabled ones.
    Agents(Vec<u64>),
}

impl State {
    /// Lists the registered agents of a pool, oldest first.
    pub(crate) fn agents_of(&self, pool: u64) -> impl Iterator<Item = &Registration> {
        self.agents.values().filter(move |known| known.agent.pool == pool)
    }

    /// Matches a job with the agents that are registered now, online or not: agents that are registered after a job
    /// was queued are matched as well.
    pub(crate) fn matched(&self, request: &JobRequest) -> Matched {
        let agents: Vec<_> = self.agents_of(request.pool).collect();
        let matches = |known: &&&Registration| request.matches(known.capabilities());
        let has_own_demands = request.parsed.iter().any(|demand| !demand.is_of_version());
        let matched: Vec<u64> = agents.iter().filter(matches).map(|known| known.agent.id).collect();
        let is_flagged = self.options.matches_all_flag && !has_own_demands && !agents.is_empty();
        match is_flagged && matched.len() == agents.len() {
            true => Matched::All,
            false => Matched::Agents(matched),
        }
    }
}
