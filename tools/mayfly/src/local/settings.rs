//! The settings of the handler for `mayfly local`.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use handler::profiles::default_profiles;
use handler::task::DeploymentName;
use local_deployment::polling_settings;
use sha2::{Digest, Sha256};

use super::POOL;
use crate::cli::{Level, Local};
use crate::github_access::credential;

/// Returns the settings that the options select.
pub(super) fn of(options: &Local) -> anyhow::Result<BTreeMap<String, String>> {
    let Some((registry, image)) = options.image.split_once('/') else {
        bail!("use image {}: add its registry, as in localhost/{}", options.image, options.image);
    };
    let scope = match options.scope {
        Level::Repository => "repository",
        Level::Organization => "organization",
    };
    let own = [
        ("AllowedRepositories", options.repositories.join(",")),
        ("ContainerRegistryServer", registry.to_owned()),
        ("DeploymentName", name(options)?.to_string()),
        ("GithubApiUrl", options.github_api.to_string()),
        ("MaxJobHours", options.max_job_hours.to_string()),
        ("ReconcileSchedule", format!("*/{} * * * * *", options.poll_seconds)),
        ("RunnerProfiles", profiles(options, image)?),
        ("RunnerScope", scope.to_owned()),
    ];
    let mut settings = polling_settings();
    settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
    settings.extend(credential(&options.credential)?);
    Ok(settings)
}

/// Returns the name of the deployment. Two machines that serve the same repositories need different ones.
pub(super) fn name(options: &Local) -> anyhow::Result<DeploymentName> {
    let name = options.name.clone().unwrap_or_else(|| {
        let host = nix::unistd::gethostname().unwrap_or_default();
        let digest = Sha256::digest(host.as_encoded_bytes());
        format!("local{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2])
    });
    name.parse().map_err(|problem| anyhow!("use --name {name}: a name {problem}"))
}

fn profiles(options: &Local, image: &str) -> anyhow::Result<String> {
    let mut profile = default_profiles(POOL, POOL).swap_remove(0);
    POOL.clone_into(&mut profile.name);
    image.clone_into(&mut profile.image);
    profile.labels.clone_from(&options.labels);
    serde_json::to_string(&[profile]).context("write the profile")
}
