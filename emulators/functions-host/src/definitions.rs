//! Reads what an application consists of: host.json, and one folder with a function.json a function.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::document::{BadDefinition, Section};

mod host_json;
mod function_json;

pub(super) use function_json::{Function, HttpTrigger, Level, TimerTrigger, Trigger};
pub(super) use host_json::{Encoding, HostJson, HttpMode, Queues};

const HOST_JSON: &str = "host.json";
const FUNCTION_JSON: &str = "function.json";

/// An application as its files define it.
#[derive(Clone, Debug)]
pub(super) struct App {
    /// What host.json says.
    pub(super) host: HostJson,
    /// The functions, by name.
    pub(super) functions: Vec<Function>,
}

/// Reads an application's folder.
pub(super) fn read(root: &Path) -> Result<App, BadDefinition> {
    let host = host_json::parse(&Section::root(HOST_JSON, &document(root, HOST_JSON)?)?)?;
    let mut functions = Vec::new();
    for name in function_folders(root)? {
        let file = format!("{name}/{FUNCTION_JSON}");
        let value = document(root, &file)?;
        functions.extend(function_json::parse(&name, &Section::root(&file, &value)?)?);
    }
    if functions.is_empty() {
        let trouble = format!("has no folder with a {FUNCTION_JSON}");
        return Err(bad(&root.display().to_string(), "the application", &trouble));
    }
    Ok(App { host, functions })
}

fn function_folders(root: &Path) -> Result<Vec<String>, BadDefinition> {
    let unreadable = |err: std::io::Error| {
        bad(&root.display().to_string(), "the folder", &format!("cannot be read: {err}"))
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join(FUNCTION_JSON).is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn document(root: &Path, file: &str) -> Result<Value, BadDefinition> {
    let text = fs::read_to_string(root.join(file))
        .map_err(|err| bad(file, "the file", &format!("cannot be read: {err}")))?;
    // The host's reader takes a byte order mark, which Windows editors like to write.
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|err| bad(file, "the document", &format!("is not JSON: {err}")))
}

fn bad(file: &str, field: &str, trouble: &str) -> BadDefinition {
    BadDefinition { file: file.to_owned(), field: field.to_owned(), trouble: trouble.to_owned() }
}
