//! The definition of an application: host.json, and a folder with a function.json for each function.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

mod document;
mod host_json;
mod function_json;

pub use document::InvalidDefinition;
use document::Section;

pub(crate) use function_json::{AuthLevel, Function, HttpTrigger, TimerTrigger, Trigger};
pub(crate) use host_json::{Encoding, HostJson, HttpMode, QueueOptions};

const HOST_JSON: &str = "host.json";
const FUNCTION_JSON: &str = "function.json";

/// An application as defined by its files.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The content of host.json.
    pub(crate) host: HostJson,
    /// The functions, by name, without those that are disabled.
    pub(crate) functions: Vec<Function>,
    /// The folder of the application.
    pub(crate) root: PathBuf,
    /// The definitions of all functions, by name.
    pub(crate) documents: Vec<Document>,
}

/// The definition of a function as written.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The name of the function.
    pub(crate) name: String,
    /// The content of its function.json.
    pub(crate) content: Value,
}

impl Document {
    /// Returns whether the function is disabled.
    pub(crate) fn is_disabled(&self) -> bool {
        self.content["disabled"].as_bool().unwrap_or(false)
    }
}

impl App {
    /// Returns the definition of a function; names are compared without regard to case.
    pub(crate) fn document(&self, function: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.name.eq_ignore_ascii_case(function))
    }
}

/// Reads the definition of an application from its folder.
pub(crate) fn read(root: &Path) -> Result<App, InvalidDefinition> {
    let host = host_json::parse(&Section::root(HOST_JSON, &read_json(root, HOST_JSON)?)?)?;
    let (mut functions, mut documents) = (Vec::new(), Vec::new());
    for name in function_folders(root)? {
        let file = format!("{name}/{FUNCTION_JSON}");
        let content = read_json(root, &file)?;
        functions.extend(function_json::parse(&name, &Section::root(&file, &content)?)?);
        documents.push(Document { name, content });
    }
    if functions.is_empty() {
        let problem = format!("has no folder with a {FUNCTION_JSON}");
        return Err(invalid(&root.display().to_string(), "the application", &problem));
    }
    Ok(App { host, functions, root: root.to_owned(), documents })
}

fn function_folders(root: &Path) -> Result<Vec<String>, InvalidDefinition> {
    let unreadable = |err: std::io::Error| {
        invalid(&root.display().to_string(), "the folder", &format!("cannot be read: {err}"))
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

fn read_json(root: &Path, file: &str) -> Result<Value, InvalidDefinition> {
    let text = fs::read_to_string(root.join(file))
        .map_err(|err| invalid(file, "the file", &format!("cannot be read: {err}")))?;
    // The host accepts a byte order mark, which Windows editors write.
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|err| invalid(file, "the document", &format!("is not JSON: {err}")))
}

/// Replaces each `%NAME%` by the setting of that name, or by nothing if there is no such setting.
pub(crate) fn expand_settings(text: &str, settings: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut parts = text.split('%');
    expanded.push_str(parts.next().unwrap_or_default());
    while let Some(name) = parts.next() {
        match parts.next() {
            Some(rest) => {
                expanded.push_str(settings.get(name).map_or("", String::as_str));
                expanded.push_str(rest);
            }
            None => expanded.extend(["%", name]),
        }
    }
    expanded
}

fn invalid(file: &str, field: &str, problem: &str) -> InvalidDefinition {
    InvalidDefinition {
        file: file.to_owned(),
        field: field.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_between_percent_signs_are_expanded() {
        let settings = BTreeMap::from([("QUEUE".to_owned(), "runner-requests".to_owned())]);
        let texts = ["%QUEUE%", "a-%QUEUE%-%NONE%b", "100%"];
        let expanded = texts.map(|text| expand_settings(text, &settings));
        assert_eq!(expanded, ["runner-requests", "a-runner-requests-b", "100%"]);
    }
}
