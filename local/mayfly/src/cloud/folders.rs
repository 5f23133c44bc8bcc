//! The folders that a run lays: the function app's, the runner image's, the nodes'.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use emulators::batch::launch::{Launcher, Process};

const HOST_JSON: &str = include_str!("../../../../host.json");
/// One folder a function, as packaging lays them beside host.json.
const FUNCTIONS: [(&str, &str); 4] = [
    (
        "ProvideActionsRunner",
        include_str!("../../../../function-definitions/ProvideActionsRunner/function.json"),
    ),
    ("ClaimRunner", include_str!("../../../../function-definitions/ClaimRunner/function.json")),
    (
        "SubmitRunnerTask",
        include_str!("../../../../function-definitions/SubmitRunnerTask/function.json"),
    ),
    (
        "ReconcileRunners",
        include_str!("../../../../function-definitions/ReconcileRunners/function.json"),
    ),
];
/// What the Ubuntu image holds besides GitHub's runner.
const SCRIPTS: [(&str, &str); 3] = [
    ("entrypoint.sh", include_str!("../../../../images/ubuntu/entrypoint.sh")),
    ("claim.sh", include_str!("../../../../images/ubuntu/claim.sh")),
    ("job-started.sh", include_str!("../../../../images/ubuntu/job-started.sh")),
];

/// Lays the folder that the Functions host reads, with `program` as the handler.
pub(super) fn lay_app(folder: &Path, program: &Path) -> anyhow::Result<PathBuf> {
    let app = folder.join("app");
    write(&app.join("host.json"), HOST_JSON)?;
    for (function, definition) in FUNCTIONS {
        write(&app.join(function).join("function.json"), definition)?;
    }
    symlink(program, app.join("handler")).context("link the handler into the app's folder")?;
    Ok(app)
}

/// Lays what a node runs in place of the image, the very entrypoint with a stand-in for GitHub's runner.
pub(super) fn process_launcher(folder: &Path, program: &Path) -> anyhow::Result<Arc<dyn Launcher>> {
    let image = folder.join("image");
    for (name, script) in SCRIPTS {
        let path = image.join(name);
        write(&path, script)?;
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, executable).context("make the entrypoint executable")?;
    }
    let home = image.join("runner");
    emulators::runner::lay_home(&home, program).context("lay the runner's folder")?;
    Ok(Arc::new(Process {
        program: image.join("entrypoint.sh"),
        home: Some(home),
        environment: BTreeMap::new(),
    }))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
