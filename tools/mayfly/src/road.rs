//! What `demo` and `up` make of their options: a running road.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use functions_host_emulator::Log;
use tokio::process::Command;

use crate::cli::Road;
use local_deployment::{Cloud, Engine, Options};

/// An engine that has not answered by then hangs.
const ENGINES_PATIENCE: Duration = Duration::from_secs(20);

/// Starts the road.
pub(crate) async fn start(road: &Road) -> anyhow::Result<Cloud> {
    let program = std::env::current_exe().context("find the program's own file")?;
    let mut options = Options::new(program);
    options.registration = road.registration;
    options.nodes = road.nodes;
    options.package.clone_from(&road.package);
    if let Some(path) = &road.handler_log {
        options.log = write_log(path)?;
    }
    if let Some(image) = road.image.as_deref().filter(|_| road.containers) {
        options.engine = Some(find_engine().await?);
        options.settings = image_settings(image)?;
    }
    Cloud::start(options).await
}

fn write_log(path: &Path) -> anyhow::Result<Log> {
    let file = std::fs::File::create(path);
    let file = Mutex::new(file.with_context(|| format!("write to {}", path.display()))?);
    Ok(Arc::new(move |line| {
        if let Ok(mut file) = file.lock() {
            // A full disk must not end the run.
            let _ = writeln!(file, "{}: {}", line.group, line.text);
        }
    }))
}

/// Every profile runs the same image: `registry/name:tag` is a registry and an image to the handler.
fn image_settings(image: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let Some((registry, image)) = image.split_once('/') else {
        bail!("use image {image}: write it with its registry, such as localhost/{image}");
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

/// Finds a container engine that answers, docker or podman.
async fn find_engine() -> anyhow::Result<Engine> {
    let environment = environment();
    let path = environment.get("PATH").cloned().unwrap_or_default();
    let mut silent = Vec::new();
    for engine in ["docker", "podman"] {
        match answers(engine).await {
            Ok(()) => {
                let mut places = path.split(':').map(|folder| Path::new(folder).join(engine));
                let program = places.find(|place| place.is_file());
                let program = program.with_context(|| format!("find {engine} on PATH"))?;
                return Ok(Engine { program, environment });
            }
            Err(why) => silent.push(format!("{engine} {why}")),
        }
    }
    bail!("run containers: {}", silent.join("; "))
}

#[expect(clippy::disallowed_methods, reason = "the engine's client takes its settings from there")]
fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

async fn answers(engine: &str) -> Result<(), String> {
    let info = Command::new(engine).arg("info").stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(ENGINES_PATIENCE, info).await {
        Err(_) => Err(format!("does not answer within {} s", ENGINES_PATIENCE.as_secs())),
        Ok(Err(err)) if err.kind() == std::io::ErrorKind::NotFound => {
            Err("is not installed".to_owned())
        }
        Ok(Err(err)) => Err(format!("cannot be run ({err})")),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or("without a word").trim().to_owned();
            Err(format!("does not answer ({said})"))
        }
    }
}
