//! Writes the files that make a directory a configured runner, as a JIT configuration carries them.
//!
//! Names and values as far as public samples show them: all settings are text, and there is no `GitHubUrl`
//! (`ConfigurationStore.cs` of <https://github.com/actions/runner>: empty for a JIT runner).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::keys::Key;
use super::registration::Registration;
use super::shapes::Base;

/// Returns the address that runners talk to.
pub(super) fn server_url(base: &Base) -> String {
    format!("{}/_services/", base.web)
}

/// Returns the address at which runners get their access tokens.
pub(super) fn authorization_url(base: &Base) -> String {
    format!("{}/_services/token", base.web)
}

/// Writes the files, by their names, each in base64.
pub(super) fn files(
    of: &Registration,
    key: &Key,
    group: &str,
    work_folder: &str,
    base: &Base,
) -> BTreeMap<String, String> {
    let runner = &of.runner;
    let spoken = |value: bool| if value { "True" } else { "False" };
    let settings = json!({
        "AgentId": runner.id.to_string(),
        "AgentName": runner.name,
        "DisableUpdate": "True",
        "Ephemeral": spoken(runner.ephemeral),
        "PoolId": runner.group.to_string(),
        "PoolName": group,
        "ServerUrl": server_url(base),
        "WorkFolder": work_folder,
        "UseV2Flow": "True",
        "ServerUrlV2": server_url(base),
    });
    let credentials = json!({
        "scheme": "OAuth",
        "data": {
            "clientId": of.client_id,
            "authorizationUrl": authorization_url(base),
            "requireFipsCryptography": "True",
        },
    });
    let key: Value = json!(key);
    [(".runner", settings), (".credentials", credentials), (".credentials_rsaparams", key)]
        .into_iter()
        .map(|(name, content)| (name.to_owned(), STANDARD.encode(content.to_string())))
        .collect()
}
