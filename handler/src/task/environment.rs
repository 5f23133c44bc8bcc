//! The environment variables of a task, in a fixed order.

use super::{Credential, Network, RunnerEnvironment, TaskId};
use crate::message::RunnerRequest;
use crate::profiles::Profile;
use crate::secret::Secret;

/// Returns the variables that a claim needs, and those from which the runner can be requested again.
pub(super) fn identity(
    id: &TaskId,
    request: &RunnerRequest,
    profile: &Profile,
    runner_environment: &RunnerEnvironment,
) -> Vec<(&'static str, Secret)> {
    let group = profile.group.as_ref().unwrap_or(&runner_environment.group);
    let mut variables = vec![
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
        variables.push(("RUNNER_PINNED_LABELS", Secret::new(request.pinned.join(","))));
    }
    variables
}

/// Returns the variables with which the runner registers.
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
        // The names that the images of other solutions read, so that these images run unmodified.
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

/// Returns the variables of the network. The runner and its tools read the lower-case names.
/// <https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/use-proxy-servers>
pub(super) fn network(network: &Network) -> Vec<(&'static str, Secret)> {
    let mut variables = Vec::new();
    if let Some(proxy) = &network.https_proxy {
        variables.push(("https_proxy", Secret::new(proxy)));
        variables.push(("no_proxy", Secret::new(&network.no_proxy)));
    }
    if let Some(certificates) = &network.extra_ca_certificates {
        variables.push(("RUNNER_EXTRA_CA_CERTIFICATES", Secret::new(certificates)));
    }
    variables
}

/// Returns the variables from which the node's launch script creates the container.
///
/// The script does not pass them on to the container.
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

/// Returns the image, including its registry.
pub(super) fn image(profile: &Profile, runner_environment: &RunnerEnvironment) -> String {
    format!("{}/{}", runner_environment.registry, profile.image)
}
