//! The files that configure a runner, as a JIT configuration contains them.
//!
//! Names and values follow public samples: all settings are strings, and there is no `GitHubUrl`
//! (`ConfigurationStore.cs` of <https://github.com/actions/runner>: empty for a JIT runner).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Base;
use crate::model::runner::Registration;
use crate::model::runner_keys::Key;

/// Returns the URL of the runner service.
pub(crate) fn server_url(base: &Base) -> String {
    format!("{}/_services/", base.web)
}

/// Returns the URL at which runners request access tokens.
pub(crate) fn authorization_url(base: &Base) -> String {
    format!("{}/_services/token", base.web)
}

/// Writes the files by name, each in base64.
pub(crate) fn files(
    registration: &Registration,
    key: &Key,
    group: &str,
    work_folder: &str,
    base: &Base,
) -> BTreeMap<String, String> {
    let runner = &registration.runner;
    let text = |value: bool| if value { "True" } else { "False" };
    let settings = json!({
        "AgentId": runner.id.to_string(),
        "AgentName": runner.name,
        "DisableUpdate": "True",
        "Ephemeral": text(runner.ephemeral),
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
            "clientId": registration.client_id,
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
