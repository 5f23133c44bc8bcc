//! Writes the files that make a directory a configured runner, as a JIT configuration carries them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::registration::Registration;
use super::shapes::Base;

/// Writes the files, by their names, each in base64.
///
/// GitHub puts an RSA key into `.credentials_rsaparams`; the secret here is a plain one.
pub(super) fn files(of: &Registration, work_folder: &str, base: &Base) -> BTreeMap<String, String> {
    let runner = &of.runner;
    let spoken = |value: bool| if value { "True" } else { "False" };
    let settings = json!({
        "AgentId": runner.id.to_string(),
        "AgentName": runner.name,
        "PoolId": runner.group.to_string(),
        "Ephemeral": spoken(runner.ephemeral),
        "DisableUpdate": "True",
        "ServerUrl": format!("{}/_services", base.web),
        "GitHubUrl": format!("{}/{}", base.web, runner.scope),
        "WorkFolder": work_folder,
    });
    let credentials = json!({
        "Scheme": "OAuth",
        "Data": {
            "ClientId": format!("runner-{}", runner.id),
            "AuthorizationUrl": format!("{}/_services/token", base.web),
            "requireFipsCryptography": "True",
        },
    });
    let key = json!({ "d": of.secret });
    [(".runner", settings), (".credentials", credentials), (".credentials_rsaparams", key)]
        .into_iter()
        .map(|(name, content)| (name.to_owned(), STANDARD.encode(content.to_string())))
        .collect()
}
