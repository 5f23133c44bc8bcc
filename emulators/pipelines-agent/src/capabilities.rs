//! The system capabilities that a session reports: names of the agent's own, the environment, and `.capabilities`.

use std::collections::BTreeMap;

use crate::configuration::Configuration;

/// Values that are longer are no capabilities.
const MAX_VALUE_LENGTH: usize = 1024;
/// The variable that names those which become no capabilities, separated by commas.
const IGNORE: &str = "VSO_AGENT_IGNORE";

/// Returns the capabilities. Every variable of the listener's environment is one, which every reader of the pool can see.
pub(crate) fn scan(
    configuration: &Configuration,
    version: &str,
    environment: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let ignored = environment.get(IGNORE).map(String::as_str).unwrap_or_default();
    let is_ignored = |name: &str| {
        name == IGNORE || ignored.split(',').any(|it| it.trim().eq_ignore_ascii_case(name))
    };
    let variables = environment.iter().filter(|(name, value)| {
        !is_ignored(name) && !value.is_empty() && value.len() < MAX_VALUE_LENGTH
    });
    let own = [
        ("Agent.Name", configuration.agent_name()),
        ("Agent.Version", version),
        ("Agent.OS", "Linux"),
        ("Agent.OSArchitecture", "X64"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = variables.map(|(name, value)| (name.clone(), value.clone()));
    let of_file = configuration.capabilities.clone();
    variables.chain(own).chain(of_file).collect()
}
