//! The names of agents, which show what is of this deployment.
//!
//! An agent is named like its task, `gh-az-890663`, and a placeholder `mayfly-gh-PROFILE`. A placeholder has a prefix of its
//! own, so that no agent ever takes its name and removes it afterwards
//! (<https://github.com/microsoft/azure-container-apps/issues/1122>).

use crate::task::DeploymentName;

/// Prefix of the placeholders of all deployments.
const PLACEHOLDER: &str = "mayfly-";

/// Returns the name of the placeholder of a profile.
pub fn placeholder(deployment: &DeploymentName, profile: &str) -> String {
    format!("{PLACEHOLDER}{deployment}-{profile}")
}

/// Parses the name of a placeholder, of any deployment: the deployment and the profile.
pub fn parse_placeholder(name: &str) -> Option<(&str, &str)> {
    let (deployment, profile) = name.strip_prefix(PLACEHOLDER)?.split_once('-')?;
    deployment.parse::<DeploymentName>().is_ok().then_some((deployment, profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_names_its_deployment_and_profile() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        let name = placeholder(&gh, "linux-large");
        assert_eq!(parse_placeholder(&name), Some(("gh", "linux-large")));
        for foreign in ["gh-az-7", "mayfly-", "mayfly-gh", "mayfly-G-x", "placeholder"] {
            assert_eq!(parse_placeholder(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_agent_is_no_runner_of_the_same_deployment() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        let agents = gh.of_agents();
        let agent = agents.task(890_663, 2).to_string();
        assert_eq!(agent, "gh-az-890663-2");
        assert_eq!(gh.parse_task(&agent), None);
        assert_eq!(agents.parse_task("gh-890663"), None);
        assert_eq!(
            agents.parse_task(&agent).map(|id| (id.job, id.replacement)),
            Some((890_663, 2))
        );
    }
}
