//! Checks Azure DevOps: the credential, the agent pools with their placeholders, parallel jobs, and service hooks.

use super::Finding;
use super::facts::{AgentPoolFact, Denied, HookFact, PipelinesFacts, Placeholder, Read};
use crate::pipelines::subscription::meaning;

pub(super) fn findings(facts: &PipelinesFacts) -> Vec<Finding> {
    let mut findings = vec![credential(&facts.credential)];
    findings.extend(facts.pools.iter().flat_map(|(name, read)| pool(name, read)));
    findings.push(parallel_jobs(&facts.parallel_jobs));
    findings.extend(facts.hooks.as_ref().map(hooks).unwrap_or_default());
    findings
}

fn credential(credential: &Result<(), Denied>) -> Finding {
    let check = "azure-devops-credential";
    match credential {
        Ok(()) => Finding::ok(check, "Azure DevOps accepts the credential"),
        Err(denied) => denied.finding(
            check,
            "renew AzureDevOpsToken, or add the app's identity to the organization (docs/pipelines.md)",
        ),
    }
}

fn pool(name: &str, read: &Result<AgentPoolFact, Denied>) -> Vec<Finding> {
    let check = "agent-pool";
    let manage = "make the credential Administrator of the pool, at the level of the organization";
    let pool = match read {
        Ok(pool) => pool,
        Err(denied) => return vec![denied.finding(check, manage).of(name)],
    };
    let access = match pool.manages {
        true => Finding::ok(check, "the credential may manage it; a change was not tried"),
        false => Finding::fail(check, "the credential may not register agents in it", manage),
    };
    let check = "agent-updates";
    let updates = match pool.updates {
        false => Finding::ok(check, "Azure DevOps does not update its agents"),
        true => {
            let text = "Azure DevOps updates its agents: an update at the start of an agent costs minutes, and a job may be lost by it";
            Finding::warn(check, text, "switch off the automatic update in the pool's settings")
        }
    };
    let placeholders =
        pool.placeholders.iter().map(|(profile, state)| placeholder(profile, *state));
    [access.of(name), updates.of(name)].into_iter().chain(placeholders).collect()
}

fn placeholder(profile: &str, state: Placeholder) -> Finding {
    let check = "placeholder";
    let register = "ReconcileRunners registers it: see its log if it does not";
    let finding = match state {
        Placeholder::Right => Finding::ok(check, "it is registered and offline"),
        Placeholder::Missing => {
            let text =
                "there is none: Azure DevOps rejects jobs of the profile when they are queued";
            Finding::fail(check, text, register)
        }
        Placeholder::Disabled => Finding::warn(check, "it is disabled", register),
        Placeholder::Online => {
            let text = "it is online: something has registered under its name, and gets jobs";
            Finding::fail(check, text, "find the agent and rename it, then delete the placeholder")
        }
    };
    finding.of(profile)
}

fn parallel_jobs(read: &Read<(u64, u64)>) -> Finding {
    let check = "parallel-jobs";
    let advice =
        "add self-hosted parallel jobs in the organization's settings, under Parallel jobs";
    match read {
        Err(reason) => Finding::unknown(check, reason.clone(), "see Parallel jobs in the settings"),
        Ok((_, 0)) => Finding::fail(check, "the organization has no parallel job", advice),
        Ok((used, all)) if used >= all => {
            let text = format!("all {all} parallel jobs are used: further jobs wait for one");
            Finding::warn(check, text, advice)
        }
        Ok((used, all)) => {
            Finding::ok(check, format!("{used} of {all} self-hosted parallel jobs are used"))
        }
    }
}

fn hooks(read: &Read<Vec<HookFact>>) -> Vec<Finding> {
    let check = "service-hook";
    let found = "jobs are found every two minutes nevertheless";
    match read {
        Err(reason) => vec![Finding::unknown(check, reason.clone(), found)],
        Ok(hooks) if hooks.is_empty() => {
            let text = "no subscription that the credential can see delivers to this app";
            vec![Finding::warn(check, text, format!("create one (docs/pipelines.md); {found}"))]
        }
        Ok(hooks) => hooks.iter().map(hook).collect(),
    }
}

fn hook(hook: &HookFact) -> Finding {
    let check = "service-hook";
    let text = format!("subscription {} is {}", hook.id, meaning(&hook.status));
    let finding = match hook.status.as_str() {
        "enabled" => Finding::ok(check, text),
        "onProbation" | "disabledBySystem" => {
            let advice = "ReconcileRunners enables it again: see the history of the subscription for the cause";
            Finding::warn(check, text, advice)
        }
        _ => Finding::warn(check, text, "enable it in the project's service hooks"),
    };
    finding.of(&hook.project)
}
