//! The runner's directory: its scripts, and the files that configure it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::scripts::{CONFIG, DEPENDENCIES, HELPER, RUN, SERVICE, SLEEP};
use super::service::Credentials;
use super::{VERSION, key};

/// Where an update leaves the new version.
const VERSION_FILE: &str = "updated-version";

/// The byte order mark with which .NET begins a file.
const MARK: &str = "\u{feff}";

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

/// Writes the scripts and the link by which the Worker is started; returns where the listener belongs.
fn lay_scripts(dir: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(dir.join("bin"))?;
    write_script(&dir.join("run.sh"), RUN)?;
    write_script(&dir.join("run-helper.sh"), HELPER)?;
    write_script(&dir.join("safe_sleep.sh"), SLEEP)?;
    write_script(&dir.join("config.sh"), CONFIG)?;
    let programs = ["Runner.Listener", "Runner.Worker"].map(|name| dir.join("bin").join(name));
    for program in programs.iter().filter(|program| program.symlink_metadata().is_ok()) {
        fs::remove_file(program)?;
    }
    let [listener, worker] = programs;
    symlink("Runner.Listener", worker)?;
    Ok(listener)
}

fn write_script(path: &Path, script: &str) -> io::Result<()> {
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// What a configured runner knows of itself.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) ephemeral: bool,
    pub(super) work_folder: String,
    /// The address of the service.
    pub(super) service: String,
    /// None once they were handed to the service.
    pub(super) credentials: Option<Credentials>,
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

/// Writes the files that `config.sh` leaves: those of the configuration with a byte order mark, and the others.
pub(super) fn write_texts(
    home: &Path,
    files: &[(&str, Value)],
    path: Option<&String>,
) -> io::Result<()> {
    for (name, content) in files {
        fs::write(home.join(name), format!("{MARK}{content}"))?;
    }
    fs::write(home.join(".path"), path.map_or("", String::as_str))?;
    fs::write(home.join(".env"), "LANG=C.UTF-8\n")?;
    write_script(&home.join("svc.sh"), SERVICE)
}

/// Reads what the runner is configured as.
///
/// # Errors
/// The text that the runner prints.
pub(super) fn settings(home: &Path) -> Result<Settings, String> {
    let read = |name: &str| {
        let path = home.join(name);
        fs::read(&path).map_err(|_| format!("Could not find file '{}'.", path.display()))
    };
    of_files(read)
}

/// Reads what a runner is configured as from the files that a configuration carries.
///
/// # Errors
/// The text that the runner prints.
pub(super) fn carried(files: &BTreeMap<String, String>) -> Result<Settings, String> {
    of_files(|name| {
        let file = files.get(name).ok_or(format!("Could not find file '{name}'."))?;
        STANDARD.decode(file).map_err(|err| err.to_string())
    })
}

/// The older protocol, without `UseV2Flow`, is not modelled.
fn of_files(read: impl Fn(&str) -> Result<Vec<u8>, String>) -> Result<Settings, String> {
    let settings = fields(&read(CONFIGURATION[0])?)?;
    let text = |name: &str| settings.get(name).map(spoken).filter(|text| !text.is_empty());
    let is_true = |name: &str| text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if !is_true("usev2flow") {
        return Err("the protocol without UseV2Flow is not modelled".to_owned());
    }
    let credentials = fields(&read(CONFIGURATION[1])?)?;
    let data = credentials.get("data").cloned().unwrap_or_default();
    let data = fields(data.to_string().as_bytes())?;
    let datum = |name: &str| data.get(name).map(spoken).ok_or(format!("{name} is not set"));
    let credentials = Credentials {
        client_id: datum("clientid")?,
        authorization_url: datum("authorizationurl")?,
        key: key::read(without_mark(&read(CONFIGURATION[2])?))?,
    };
    Ok(Settings {
        name: text("agentname").unwrap_or_default(),
        ephemeral: is_true("ephemeral"),
        work_folder: text("workfolder").unwrap_or("_work".to_owned()),
        service: text("serverurlv2").ok_or("ServerUrlV2 is not set")?,
        credentials: Some(credentials),
    })
}

/// Reads an object by the names of its fields in lower case: both spellings are in use.
fn fields(text: &[u8]) -> Result<BTreeMap<String, Value>, String> {
    let object: BTreeMap<String, Value> =
        serde_json::from_slice(without_mark(text)).map_err(|err| err.to_string())?;
    Ok(object.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK.as_bytes()).unwrap_or(text)
}

/// Writes a value as text: `"True"`, `true` and `100` are read alike.
fn spoken(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Updates the runner: from its next start on it reports another version.
pub(super) fn update(home: &Path, version: &str) -> io::Result<()> {
    fs::create_dir_all(home.join("bin"))?;
    fs::write(home.join("bin").join(VERSION_FILE), version)
}

/// Returns the version that the runner reports.
pub(super) fn version(home: &Path) -> String {
    let updated = fs::read_to_string(home.join("bin").join(VERSION_FILE));
    updated.unwrap_or_else(|_| VERSION.to_owned())
}

/// Deletes the configuration, as an ephemeral runner does after its job.
pub(super) fn forget(home: &Path) {
    for name in CONFIGURATION {
        // What is not there need not be deleted.
        let _ = fs::remove_file(home.join(name));
    }
}
