//! Lists the variables that a task tells its runner, in a fixed order.

use super::{Credential, Network, RunnerEnvironment, TaskId};
use crate::message::RunnerRequest;
use crate::profiles::Profile;
use crate::secret::Secret;

/// What a claim needs to know of the task, and what it takes to ask for the runner again.
pub(super) fn facts(
    id: &TaskId,
    request: &RunnerRequest,
    profile: &Profile,
    runner_environment: &RunnerEnvironment,
) -> Vec<(&'static str, Secret)> {
    let group = profile.group.as_ref().unwrap_or(&runner_environment.group);
    let mut facts = vec![
        ("RUNNER_NAME", Secret::new(id.to_string())),
        ("RUNNER_GROUP", Secret::new(group)),
        ("RUNNER_JOB_ID", Secret::new(request.job.to_string())),
        ("RUNNER_RUN_ID", Secret::new(request.run.to_string())),
        ("RUNNER_REPOSITORY", Secret::new(request.repository.to_string())),
        ("RUNNER_PROFILE", Secret::new(&profile.name)),
        ("RUNNER_ALLOWED_REPOSITORIES", Secret::new(&runner_environment.allowed_repositories)),
        ("RUNNER_MAX_JOB_HOURS", Secret::new(runner_environment.max_job_hours.to_string())),
    ];
    if !request.pinned.is_empty() {
        facts.push(("RUNNER_PINNED_LABELS", Secret::new(request.pinned.join(","))));
    }
    facts
}

/// What the runner registers with.
pub(super) fn registration(
    profile: &Profile,
    runner_url: &str,
    credential: &Credential,
) -> Vec<(&'static str, Secret)> {
    let labels = profile.labels.join(",");
    match credential {
        Credential::Claim { url, ticket } => vec![
            ("RUNNER_URL", Secret::new(runner_url)),
            ("RUNNER_LABELS", Secret::new(labels)),
            ("RUNNER_CLAIM_URL", Secret::new(url)),
            ("RUNNER_CLAIM_TICKET", ticket.clone()),
        ],
        // The names that the images of the article read, so that these run unmodified.
        Credential::Token { token, expires_at } => vec![
            ("ActionsRunner_URL", Secret::new(runner_url)),
            ("ActionsRunner_TOKEN", token.clone()),
            ("ActionsRunner_LABELS", Secret::new(labels)),
            ("ActionsRunner_DISPOSE", Secret::new("true")),
            (
                "RUNNER_TOKEN_EXPIRES_AT",
                Secret::new(expires_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ),
        ],
    }
}

/// How the runner reaches the outside; the runner and its tools read the lower-case names.
/// <https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers>
pub(super) fn network(network: &Network) -> Vec<(&'static str, Secret)> {
    let mut told = Vec::new();
    if let Some(proxy) = &network.https_proxy {
        told.push(("https_proxy", Secret::new(proxy)));
        told.push(("no_proxy", Secret::new(&network.no_proxy)));
    }
    if let Some(certificates) = &network.extra_ca_certificates {
        told.push(("RUNNER_EXTRA_CA_CERTIFICATES", Secret::new(certificates)));
    }
    told
}

/// What the node's launch script starts the container from.
///
/// The script hands none of these to the container; they say what it runs, not what the runner is told.
pub(super) fn container(
    profile: &Profile,
    runner_environment: &RunnerEnvironment,
) -> Vec<(&'static str, Secret)> {
    vec![
        ("RUNNER_IMAGE", Secret::new(image(profile, runner_environment))),
        ("RUNNER_CONTAINER_RUN_OPTIONS", Secret::new(profile.run_options())),
        ("RUNNER_REGISTRY", Secret::new(&runner_environment.registry)),
    ]
}

/// Names the image with its registry.
pub(super) fn image(profile: &Profile, runner_environment: &RunnerEnvironment) -> String {
    format!("{}/{}", runner_environment.registry, profile.image)
}
