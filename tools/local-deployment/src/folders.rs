//! The folders of a deployment: the function app, the runner image, and the nodes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use azure_batch_emulator::launch::{Home, Launcher, Process, TemporaryFolder};

const HOST_JSON: &str = include_str!("../../../host.json");
/// The definitions of the functions: in a package, each has its own folder next to host.json.
const FUNCTIONS: [(&str, &str); 10] = [
    (
        "ProvideActionsRunner",
        include_str!("../../../function-definitions/ProvideActionsRunner/function.json"),
    ),
    (
        "ProvidePipelinesAgent",
        include_str!("../../../function-definitions/ProvidePipelinesAgent/function.json"),
    ),
    (
        "ProvideAzDOAgent",
        include_str!("../../../function-definitions/ProvideAzDOAgent/function.json"),
    ),
    ("ClaimRunner", include_str!("../../../function-definitions/ClaimRunner/function.json")),
    (
        "SubmitRunnerTask",
        include_str!("../../../function-definitions/SubmitRunnerTask/function.json"),
    ),
    (
        "RefreshFirewall",
        include_str!("../../../function-definitions/RefreshFirewall/function.json"),
    ),
    (
        "ReconcileRunners",
        include_str!("../../../function-definitions/ReconcileRunners/function.json"),
    ),
    ("Status", include_str!("../../../function-definitions/Status/function.json")),
    ("StatusPage", include_str!("../../../function-definitions/StatusPage/function.json")),
    ("Operate", include_str!("../../../function-definitions/Operate/function.json")),
];
/// The files of the Ubuntu image, except GitHub's runner.
const IMAGE_SCRIPTS: [(&str, &str); 7] = [
    ("entrypoint.sh", include_str!("../../../images/ubuntu/entrypoint.sh")),
    ("claim.sh", include_str!("../../../images/ubuntu/claim.sh")),
    ("process.sh", include_str!("../../../images/ubuntu/process.sh")),
    ("process-tree.sh", include_str!("../../../images/ubuntu/process-tree.sh")),
    ("register.sh", include_str!("../../../images/ubuntu/register.sh")),
    ("serve.sh", include_str!("../../../images/ubuntu/serve.sh")),
    ("job-started.sh", include_str!("../../../images/ubuntu/job-started.sh")),
];

/// The user of the Ubuntu image: its number and its name.
const IMAGE_USER: [&str; 2] = ["1001", "runner"];

/// The script that the start task installs on nodes of pools without a container configuration.
const LAUNCH_SCRIPT: &str = include_str!("../../../arm/linux/launch.sh");
/// The replacements of Windows commands, which this machine does not have.
const COMMANDS: [(&str, &str); 2] = [
    ("cmd", include_str!("../node/cmd")),
    ("powershell.exe", include_str!("../node/powershell.exe")),
];
/// The emulated container engine.
const EMULATED_ENGINE: &str = include_str!("../node/docker");
/// The forwarder to the container engine of this machine.
const ENGINE_FORWARDER: &str = include_str!("../node/engine");

/// Returns the files of the app except the handler, with their paths.
pub fn app_files() -> impl Iterator<Item = (String, &'static str)> {
    let function = |(name, text)| (format!("{name}/function.json"), text);
    std::iter::once(("host.json".to_owned(), HOST_JSON)).chain(FUNCTIONS.map(function))
}

/// Writes the folder that the Functions host reads: the unpacked package, or `program` as the handler.
pub(super) fn write_app(
    folder: &Path,
    program: &Path,
    package: Option<&Path>,
) -> anyhow::Result<PathBuf> {
    let app = folder.join("app");
    if let Some(package) = package {
        crate::archive::unpack(package, &app)?;
        return Ok(app);
    }
    for (path, text) in app_files() {
        write(&app.join(path), text)?;
    }
    symlink(program, app.join("handler")).context("link the handler into the app's folder")?;
    Ok(app)
}

/// Returns a launcher that runs the entrypoint of the Ubuntu image as a process, with the emulated runner.
pub(super) fn process_launcher(
    folder: &Path,
    program: &Path,
    temporary: Option<TemporaryFolder>,
) -> anyhow::Result<Arc<dyn Launcher>> {
    let image = folder.join("image");
    write_image_scripts(&image)?;
    let home = image.join("runner");
    github_runner_emulator::install_runner(&home, program).context("write the runner's folder")?;
    Ok(Arc::new(Process {
        program: image.join("entrypoint.sh"),
        home: Some(Home { template: home, users: IMAGE_USER.map(str::to_owned).to_vec() }),
        environment: BTreeMap::new(),
        temporary,
    }))
}

/// Writes the scripts of the Ubuntu image, the entrypoint among them, to a folder that the users of containers can read.
///
/// # Errors
/// The folder cannot be written.
pub fn write_image_scripts(folder: &Path) -> anyhow::Result<()> {
    IMAGE_SCRIPTS
        .iter()
        .try_for_each(|(name, script)| write_program(&folder.join(name), script))?;
    let readable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder, readable)
        .with_context(|| format!("make {} readable", folder.display()))
}

/// Writes the commands and the shared directory of the nodes, and returns the paths of both.
pub(super) fn write_node_files(
    folder: &Path,
    has_engine: bool,
) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (commands, shared) = (commands(folder), folder.join("node").join("shared"));
    for (name, script) in COMMANDS {
        write_program(&commands.join(name), script)?;
    }
    let engine = if has_engine { ENGINE_FORWARDER } else { EMULATED_ENGINE };
    write_program(&commands.join("docker"), engine)?;
    write_program(&shared.join("mayfly").join("launch.sh"), LAUNCH_SCRIPT)?;
    Ok((commands, shared))
}

/// Returns the folder with the commands of the nodes.
pub(super) fn commands(folder: &Path) -> PathBuf {
    folder.join("node").join("commands")
}

/// Lets the users of tasks traverse the folder of the deployment.
pub(super) fn make_traversable(folder: &Path) -> anyhow::Result<()> {
    let traversable = fs::Permissions::from_mode(0o711);
    fs::set_permissions(folder, traversable)
        .with_context(|| format!("make {} traversable", folder.display()))
}

/// Returns the folder of the nodes' files.
pub(super) fn nodes(folder: &Path) -> PathBuf {
    folder.join("nodes")
}

/// Finds the containers of the emulated engine, each with the directory of its node.
pub(super) fn containers(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let nodes =
        entries(nodes(folder)).flat_map(|pool| entries(pool.path())).map(|node| node.path());
    let containers = nodes.flat_map(|node| {
        let names = entries(node.join("containers")).map(|container| container.file_name());
        names.map(move |name| (node.clone(), name.to_string_lossy().into_owned()))
    });
    containers.collect()
}

fn write_program(path: &Path, script: &str) -> anyhow::Result<()> {
    write(path, script)?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, executable)
        .with_context(|| format!("make {} executable", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
