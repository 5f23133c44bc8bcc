//! The image of the runners: it is pulled if it is missing, and gets Mayfly's entrypoint if it has none.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use local_deployment::ContainerEngine;
use tokio::process::Command;

use crate::print;

/// The entrypoint of Mayfly's images.
const ENTRYPOINT: &str = "/opt/mayfly/entrypoint.sh";
/// What images/official adds to GitHub's image. The entrypoint passes only the listed variables of an image to the runner, and
/// the runner must not print its log, which contains each job's values.
const VARIABLES: [&str; 3] = [
    "RUNNER_HOME=/home/runner",
    "ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT=",
    "RUNNER_KEEP_ENVIRONMENT=ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE ACTIONS_RUNNER_CONTAINER_HOOKS ACTIONS_RUNNER_FORCED_INTERNAL_NODE_VERSION ACTIONS_RUNNER_FORCE_ACTIONS_NODE_VERSION ACTIONS_RUNNER_HOOK_JOB_COMPLETED ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER ACTIONS_RUNNER_SYMLINK_CACHED_ACTIONS DEBIAN_FRONTEND ImageOS NODE_EXTRA_CA_CERTS SSL_CERT_DIR",
];

/// Pulls the image if it is missing. Returns the arguments of the engine's `run` that the image needs: those that add the
/// entrypoint in `scripts`, unless it has Mayfly's.
pub(super) async fn prepare(
    engine: &ContainerEngine,
    image: &str,
    scripts: &Path,
) -> anyhow::Result<Vec<String>> {
    let entrypoint = match entrypoint(engine, image).await? {
        Some(entrypoint) => entrypoint,
        None => {
            pull(engine, image).await?;
            entrypoint(engine, image).await?.with_context(|| format!("find image {image}"))?
        }
    };
    if entrypoint.contains(ENTRYPOINT) {
        return Ok(Vec::new());
    }
    let volume = format!("{}:/opt/mayfly:ro", scripts.display());
    let mounted = ["--volume", &volume, "--entrypoint", ENTRYPOINT].map(str::to_owned);
    let variables = VARIABLES.iter().flat_map(|&variable| ["--env", variable]).map(str::to_owned);
    Ok(mounted.into_iter().chain(variables).collect())
}

/// Returns the entrypoint of an image of this machine, as JSON.
async fn entrypoint(engine: &ContainerEngine, image: &str) -> anyhow::Result<Option<String>> {
    let format = "{{json .Config.Entrypoint}}";
    let mut command = client(engine);
    command.args(["image", "inspect", "--format", format, image]).stderr(Stdio::null());
    let output = command.output().await.context("inspect the image")?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

async fn pull(engine: &ContainerEngine, image: &str) -> anyhow::Result<()> {
    print(format_args!("pulling {image}"));
    let status = client(engine).args(["pull", image]).status().await;
    let status = status.with_context(|| format!("pull image {image}"))?;
    ensure!(status.success(), "pull image {image}: {} says why above", engine.program.display());
    Ok(())
}

fn client(engine: &ContainerEngine) -> Command {
    let mut command = Command::new(&engine.program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_are_those_of_the_official_image() {
        let file = include_str!("../../../../images/official/Dockerfile").replace("\\\n", "");
        for variable in VARIABLES {
            let (name, value) = variable.split_once('=').expect("a value");
            let written = [format!("ENV {name}={value}\n"), format!("ENV {name}=\"{value}\"\n")];
            assert!(written.iter().any(|line| file.contains(line)), "{variable}");
        }
    }
}
