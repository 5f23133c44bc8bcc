//! The start of a local deployment from the options of `demo` and `up`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use emulator_core::guard::Guard;
use emulator_core::service::ControlToken;
use functions_host_emulator::Log;
use tokio::process::Command;

use crate::cli::LocalOptions;
use local_deployment::{ContainerEngine, LocalDeployment, Options, Secrets};

/// The time in which a container engine must answer.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(20);

/// The access to the ports of a deployment, for its user alone: Batch runs command lines.
pub(crate) struct Access {
    /// The token of the control ports.
    pub(crate) control_token: ControlToken,
    /// The secrets of the services.
    pub(crate) secrets: Secrets,
    /// Whether Batch accepts tokens of the deployment's own endpoint.
    pub(crate) batch_tokens: bool,
    /// The token and the hook's password of an organization of Azure DevOps that is served as well.
    pub(crate) organization: Option<(String, String)>,
}

impl Access {
    /// Creates access with random secrets.
    pub(crate) fn random() -> Self {
        let (control_token, secrets) = (ControlToken::random(), Secrets::random());
        Self { control_token, secrets, batch_tokens: false, organization: None }
    }

    /// Adds an organization of Azure DevOps with random secrets.
    pub(crate) fn with_organization(self) -> Self {
        let secret = || ControlToken::random().as_str().to_owned();
        Self { organization: Some((secret(), secret())), ..self }
    }
}

/// Starts a local deployment.
pub(crate) async fn start(
    local: &LocalOptions,
    access: Access,
    guard: Guard,
) -> anyhow::Result<LocalDeployment> {
    let program = std::env::current_exe().context("find the path of this program")?;
    let mut options = Options::new(program);
    options.registration = local.registration;
    options.demand = local.demand;
    options.nodes = local.nodes;
    options.control_token = access.control_token;
    options.secrets = access.secrets;
    options.batch_tokens = access.batch_tokens;
    if access.organization.is_some() {
        // Agents whose last event came too early are removed by a run of the timer.
        options.settings.insert("ReconcileSchedule".to_owned(), "*/10 * * * * *".to_owned());
    }
    options.organization = access.organization;
    options.guard = guard;
    options.package.clone_from(&local.package);
    if let Some(path) = &local.handler_log {
        options.log = write_log(path)?;
    }
    if let Some(image) = local.image.as_deref().filter(|_| local.containers) {
        options.engine = Some(find_engine().await?);
        options.settings.extend(image_settings(image)?);
    }
    LocalDeployment::start(options).await
}

/// Returns a log that writes to a file.
pub(crate) fn write_log(path: &Path) -> anyhow::Result<Log> {
    let file = std::fs::File::create(path);
    let file = Mutex::new(file.with_context(|| format!("write {}", path.display()))?);
    Ok(Arc::new(move |line| {
        if let Ok(mut file) = file.lock() {
            // A full disk must not end the deployment.
            let _ = writeln!(file, "{}: {}", line.group, line.text);
        }
    }))
}

/// Returns settings that run the same image for every profile. The handler expects `registry/name:tag` as a registry
/// and an image.
fn image_settings(image: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let Some((registry, image)) = image.split_once('/') else {
        bail!("use image {image}: add its registry, as in localhost/{image}");
    };
    let mut profiles = handler::profiles::default_profiles("ubuntu", "windows");
    for profile in &mut profiles {
        image.clone_into(&mut profile.image);
    }
    let profiles = serde_json::to_string(&profiles).context("write the profiles")?;
    Ok(BTreeMap::from([
        ("ContainerRegistryServer".to_owned(), registry.to_owned()),
        ("RunnerProfiles".to_owned(), profiles),
    ]))
}

/// Finds a container engine that answers: docker or podman.
pub(crate) async fn find_engine() -> anyhow::Result<ContainerEngine> {
    let environment = environment();
    let path = environment.get("PATH").cloned().unwrap_or_default();
    let mut failures = Vec::new();
    for engine in ["docker", "podman"] {
        match check_engine(engine).await {
            Ok(()) => {
                let mut paths = path.split(':').map(|folder| Path::new(folder).join(engine));
                let program = paths.find(|path| path.is_file());
                let program = program.with_context(|| format!("find {engine} on PATH"))?;
                return Ok(ContainerEngine { program, environment, arguments: Vec::new() });
            }
            Err(failure) => failures.push(format!("{engine} {failure}")),
        }
    }
    bail!("run containers: {}", failures.join("; "))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine's client reads its settings from the environment"
)]
fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

async fn check_engine(engine: &str) -> Result<(), String> {
    let info = Command::new(engine).arg("info").stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(ENGINE_TIMEOUT, info).await {
        Err(_) => Err(format!("does not answer within {} s", ENGINE_TIMEOUT.as_secs())),
        Ok(Err(err)) if err.kind() == std::io::ErrorKind::NotFound => {
            Err("is not installed".to_owned())
        }
        Ok(Err(err)) => Err(format!("cannot be run ({err})")),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let error = String::from_utf8_lossy(&output.stderr);
            let error = error.lines().last().unwrap_or("no message").trim().to_owned();
            Err(format!("does not answer ({error})"))
        }
    }
}
