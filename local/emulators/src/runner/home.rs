//! Knows the runner's directory: its scripts, and the files that configure it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Turns the listener's ending into that of `run.sh`.
///
/// As the real one: it hands no signal on unless `RUNNER_MANUALLY_TRAP_SIG` is set, and then ends with
/// 143 or 130 although the listener ended well; 7 comes through only where it was asked for.
const RUN: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

listen() {
    "$home/bin/Runner.Listener" run "$@"
    if [[ $? -eq 7 && "$ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE" == 1 ]]; then
        return 7
    fi
    return 0
}

if [[ -z "$RUNNER_MANUALLY_TRAP_SIG" ]]; then
    listen "$@"
    exit $?
fi

set -m
trap 'kill -INT -$listener' INT TERM
listen "$@" &
listener=$!
wait $listener
code=$?
trap - INT TERM
wait $listener
exit $code
"#;

const CONFIG: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [[ "$1" == remove ]]; then
    exec "$home/bin/Runner.Listener" "$@"
fi
exec "$home/bin/Runner.Listener" configure "$@"
"#;

/// A stand-in needs nothing that a release's script would install.
const DEPENDENCIES: &str = "#!/bin/bash\n";

/// The files that make a directory a configured runner.
const CONFIGURATION: [&str; 3] = [".runner", ".credentials", ".credentials_rsaparams"];

/// Lays a directory out as an unpacked runner whose listener is the program at `listener`.
///
/// # Errors
/// The directory cannot be written.
pub fn lay_home(dir: &Path, listener: &Path) -> io::Result<()> {
    symlink(listener, lay_scripts(dir)?)
}

/// Lays a directory out as a release of the runner holds it, with a copy of the program at `listener`: it
/// can be moved to another machine, or into an image.
///
/// # Errors
/// The directory cannot be written, or the program not be read.
pub fn lay_release(dir: &Path, listener: &Path) -> io::Result<()> {
    fs::copy(listener, lay_scripts(dir)?)?;
    write_script(&dir.join("bin/installdependencies.sh"), DEPENDENCIES)
}

/// Writes the scripts, and tells where the listener belongs; nothing is there.
fn lay_scripts(dir: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(dir.join("bin"))?;
    write_script(&dir.join("run.sh"), RUN)?;
    write_script(&dir.join("config.sh"), CONFIG)?;
    let listener = dir.join("bin/Runner.Listener");
    if listener.symlink_metadata().is_ok() {
        fs::remove_file(&listener)?;
    }
    Ok(listener)
}

fn write_script(path: &Path, script: &str) -> io::Result<()> {
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// What a configured runner knows of itself.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) service: String,
    pub(super) ephemeral: bool,
    pub(super) work_folder: String,
    pub(super) secret: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunnerFile {
    agent_name: String,
    server_url: String,
    ephemeral: String,
    work_folder: String,
}

#[derive(Deserialize)]
struct KeyFile {
    d: String,
}

/// Writes the files of a configuration: names, and contents in base64.
pub(super) fn write(home: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    for (name, content) in files {
        let content = STANDARD.decode(content).map_err(io::Error::other)?;
        fs::write(home.join(name), content)?;
    }
    Ok(())
}

/// Reads the files of a configuration from the argument that carries them.
pub(super) fn decode(jit_config: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(&STANDARD.decode(jit_config).ok()?).ok()
}

pub(super) fn is_configured(home: &Path) -> bool {
    home.join(CONFIGURATION[0]).exists()
}

/// Reads what the runner is configured as.
pub(super) fn settings(home: &Path) -> io::Result<Settings> {
    read(&fs::read(home.join(CONFIGURATION[0]))?, &fs::read(home.join(CONFIGURATION[2]))?)
}

/// Reads what a runner is configured as from the files that a configuration carries.
pub(super) fn carried(files: &BTreeMap<String, String>) -> io::Result<Settings> {
    let file = |name: &str| STANDARD.decode(files.get(name).map_or("", String::as_str));
    let found = (file(CONFIGURATION[0]), file(CONFIGURATION[2]));
    read(&found.0.map_err(io::Error::other)?, &found.1.map_err(io::Error::other)?)
}

fn read(runner: &[u8], key: &[u8]) -> io::Result<Settings> {
    let file: RunnerFile = serde_json::from_slice(runner)?;
    let key: KeyFile = serde_json::from_slice(key)?;
    Ok(Settings {
        name: file.agent_name,
        service: file.server_url,
        ephemeral: file.ephemeral == "True",
        work_folder: file.work_folder,
        secret: key.d,
    })
}

/// Deletes the configuration, as an ephemeral runner does after its job.
pub(super) fn forget(home: &Path) {
    for name in CONFIGURATION {
        // What is not there need not be deleted.
        let _ = fs::remove_file(home.join(name));
    }
}
