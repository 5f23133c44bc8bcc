//! The folders that a run lays: the function app's, the runner image's, the nodes'.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use azure_batch_emulator::launch::{Home, Launcher, Process, TemporaryFolder};

const HOST_JSON: &str = include_str!("../../../host.json");
/// One folder a function, as packaging lays them beside host.json.
const FUNCTIONS: [(&str, &str); 7] = [
    (
        "ProvideActionsRunner",
        include_str!("../../../function-definitions/ProvideActionsRunner/function.json"),
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
    ("Operate", include_str!("../../../function-definitions/Operate/function.json")),
];
/// What the Ubuntu image holds besides GitHub's runner.
const SCRIPTS: [(&str, &str); 4] = [
    ("entrypoint.sh", include_str!("../../../images/ubuntu/entrypoint.sh")),
    ("claim.sh", include_str!("../../../images/ubuntu/claim.sh")),
    ("serve.sh", include_str!("../../../images/ubuntu/serve.sh")),
    ("job-started.sh", include_str!("../../../images/ubuntu/job-started.sh")),
];

/// The user of the Ubuntu image, by number and by name.
const IMAGE_USER: [&str; 2] = ["1001", "runner"];

/// What the start task of a pool without a container configuration leaves on a node.
const LAUNCH: &str = include_str!("../../../arm/linux/launch.sh");
/// What stands for the commands of a node that this machine has not got.
const COMMANDS: [(&str, &str); 2] = [
    ("cmd", include_str!("../node/cmd")),
    ("powershell.exe", include_str!("../node/powershell.exe")),
];
const ENGINE_STAND_IN: &str = include_str!("../node/docker");
const ENGINE: &str = include_str!("../node/engine");

/// Lists the files of the app beside its handler, by their paths.
pub fn app_files() -> impl Iterator<Item = (String, &'static str)> {
    let function = |(name, text)| (format!("{name}/function.json"), text);
    std::iter::once(("host.json".to_owned(), HOST_JSON)).chain(FUNCTIONS.map(function))
}

/// Lays the folder that the Functions host reads: the package, or `program` as the handler.
pub(super) fn lay_app(
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

/// Lays what a node runs in place of the image, the very entrypoint with a stand-in for GitHub's runner.
pub(super) fn process_launcher(
    folder: &Path,
    program: &Path,
    temporary: Option<TemporaryFolder>,
) -> anyhow::Result<Arc<dyn Launcher>> {
    let image = folder.join("image");
    for (name, script) in SCRIPTS {
        write_program(&image.join(name), script)?;
    }
    let home = image.join("runner");
    github_runner_emulator::lay_home(&home, program).context("lay the runner's folder")?;
    Ok(Arc::new(Process {
        program: image.join("entrypoint.sh"),
        home: Some(Home { template: home, users: IMAGE_USER.map(str::to_owned).to_vec() }),
        environment: BTreeMap::new(),
        temporary,
    }))
}

/// Lays the commands of a node, and what its shared directory holds; tells where.
pub(super) fn lay_node(folder: &Path, has_engine: bool) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (commands, shared) = (commands(folder), folder.join("node").join("shared"));
    for (name, script) in COMMANDS {
        write_program(&commands.join(name), script)?;
    }
    let engine = if has_engine { ENGINE } else { ENGINE_STAND_IN };
    write_program(&commands.join("docker"), engine)?;
    write_program(&shared.join("mayfly").join("launch.sh"), LAUNCH)?;
    Ok((commands, shared))
}

/// Tells where the commands of nodes are.
pub(super) fn commands(folder: &Path) -> PathBuf {
    folder.join("node").join("commands")
}

/// Lets the users of tasks reach what lies below the folder of the run.
pub(super) fn let_through(folder: &Path) -> anyhow::Result<()> {
    let passable = fs::Permissions::from_mode(0o711);
    fs::set_permissions(folder, passable)
        .with_context(|| format!("let users pass {}", folder.display()))
}

/// Tells where nodes keep their files.
pub(super) fn nodes(folder: &Path) -> PathBuf {
    folder.join("nodes")
}

/// Finds the containers that the stand-in for the engine keeps, each with the directory of its node.
pub(super) fn containers(folder: &Path) -> Vec<(PathBuf, String)> {
    let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let nodes = below(nodes(folder)).flat_map(|pool| below(pool.path())).map(|node| node.path());
    let containers = nodes.flat_map(|node| {
        let names = below(node.join("containers")).map(|container| container.file_name());
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
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
