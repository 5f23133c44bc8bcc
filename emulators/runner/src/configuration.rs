//! The files that configure a runner.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::runner_service::Credentials;
use crate::scripts::{SERVICE, write_script};
use crate::signing_key;

/// The byte order mark at the start of files that .NET writes.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The files that make a directory a configured runner.
const FILES: [&str; 3] = [".runner", ".credentials", ".credentials_rsaparams"];

/// The settings of a configured runner.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) ephemeral: bool,
    pub(crate) work_folder: String,
    pub(crate) service_url: String,
}

/// Returns whether the runner is configured.
pub(crate) fn exists(home: &Path) -> bool {
    home.join(FILES[0]).exists()
}

/// Decodes a JIT configuration: files by name, each in base64.
pub(crate) fn decode(jit_config: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(&STANDARD.decode(jit_config).ok()?).ok()
}

/// Writes the files of a JIT configuration.
pub(crate) fn write(home: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    for (name, content) in files {
        let content = STANDARD.decode(content).map_err(io::Error::other)?;
        fs::write(home.join(name), content)?;
    }
    Ok(())
}

/// Writes the files of `config.sh`: the configuration with a byte order mark, `.path`, `.env` and `svc.sh`.
pub(crate) fn write_from_config_sh(
    home: &Path,
    files: &[(&str, Value)],
    path: Option<&String>,
) -> io::Result<()> {
    for (name, content) in files {
        fs::write(home.join(name), format!("{BYTE_ORDER_MARK}{content}"))?;
    }
    fs::write(home.join(".path"), path.map_or("", String::as_str))?;
    fs::write(home.join(".env"), "LANG=C.UTF-8\n")?;
    write_script(&home.join("svc.sh"), SERVICE)
}

/// Deletes the configuration, as an ephemeral runner does after its job.
pub(crate) fn delete(home: &Path) {
    for name in FILES {
        // A missing file is already deleted.
        let _ = fs::remove_file(home.join(name));
    }
}

/// Reads the configuration of a runner's directory.
///
/// # Errors
/// The text that the listener prints.
pub(crate) fn read(home: &Path) -> Result<(Settings, Credentials), String> {
    parse(|name| {
        let path = home.join(name);
        fs::read(&path).map_err(|_| format!("Could not find file '{}'.", path.display()))
    })
}

/// Reads the configuration in the files of a JIT configuration.
///
/// # Errors
/// The text that the listener prints.
pub(crate) fn read_jit(
    files: &BTreeMap<String, String>,
) -> Result<(Settings, Credentials), String> {
    parse(|name| {
        let file = files.get(name).ok_or(format!("Could not find file '{name}'."))?;
        STANDARD.decode(file).map_err(|err| err.to_string())
    })
}

/// The older protocol, without `UseV2Flow`, is not modelled.
fn parse(
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<(Settings, Credentials), String> {
    let settings = fields(&read(FILES[0])?)?;
    let get = |name: &str| settings.get(name).map(text).filter(|text| !text.is_empty());
    let is_true = |name: &str| get(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if !is_true("usev2flow") {
        return Err("the protocol without UseV2Flow is not modelled".to_owned());
    }
    let credentials = fields(&read(FILES[1])?)?;
    let data = credentials.get("data").cloned().unwrap_or_default();
    let data = fields(data.to_string().as_bytes())?;
    let required = |name: &str| data.get(name).map(text).ok_or(format!("{name} is not set"));
    let credentials = Credentials {
        client_id: required("clientid")?,
        authorization_url: required("authorizationurl")?,
        key: signing_key::parse(without_mark(&read(FILES[2])?))?,
    };
    let settings = Settings {
        name: get("agentname").unwrap_or_default(),
        ephemeral: is_true("ephemeral"),
        work_folder: get("workfolder").unwrap_or("_work".to_owned()),
        service_url: get("serverurlv2").ok_or("ServerUrlV2 is not set")?,
    };
    Ok((settings, credentials))
}

/// Parses an object with its field names in lower case: `AgentName` and `agentName` are both in use.
fn fields(text: &[u8]) -> Result<BTreeMap<String, Value>, String> {
    let object: BTreeMap<String, Value> =
        serde_json::from_slice(without_mark(text)).map_err(|err| err.to_string())?;
    Ok(object.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(text)
}

/// Returns a value as text: `"True"`, `true` and `100` are all accepted.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
