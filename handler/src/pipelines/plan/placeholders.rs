//! Keeps one placeholder for each profile: an agent that is never online. Without any agent that meets its demands, Azure
//! DevOps rejects a job when it is queued; with an offline one the job waits.

use super::{Action, PlanRules, PoolSnapshot, Removal};
use crate::pipelines::names::{parse_placeholder, placeholder};
use crate::pipelines::registration::capabilities;

/// Lists the placeholders to register, and those of former profiles to remove.
pub(super) fn due(snapshot: &PoolSnapshot<'_>, rules: &PlanRules) -> Vec<Action> {
    let missing = snapshot.profiles.iter().filter_map(|profile| {
        let name = placeholder(&rules.deployment, &profile.name);
        let found = snapshot.agents.iter().find(|agent| agent.name == name);
        let wanted = capabilities(profile, &name);
        let has = |agent: &&crate::pipelines::dto::Agent| {
            let is_registered = |(name, value): (&String, &String)| {
                agent.system_capabilities.get(name).is_some_and(|of_agent| of_agent == value)
            };
            agent.enabled && wanted.iter().all(is_registered)
        };
        match found {
            Some(agent) if has(&agent) => None,
            found => Some(Action::Placeholder(profile.name.clone(), found.map(|agent| agent.id))),
        }
    });
    let deployment = rules.deployment.to_string();
    let former = snapshot.agents.iter().filter(|agent| {
        let Some((of, profile)) = parse_placeholder(&agent.name) else { return false };
        of == deployment && !snapshot.profiles.iter().any(|known| known.name == profile)
    });
    let former = former.map(|agent| Action::Remove {
        agent: agent.id,
        name: agent.name.clone(),
        enabled: agent.enabled,
        task: None,
        why: Removal::FormerProfile,
    });
    missing.chain(former).collect()
}
