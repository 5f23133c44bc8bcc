//! What an agent is registered with, and the files with which it starts.
//!
//! `config.sh` writes the same files after the same call, with a credential that manages the pool. Here no such credential
//! enters a container.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::dto::RegisteredAgent;
use super::key::AgentKey;
use crate::ordered::InsertEach;
use crate::profiles::{AGENT_VERSION, PipelinesProfile};
use crate::secret::Secret;

/// The capability that names the profile of an agent.
pub const PROFILE_CAPABILITY: &str = "mayfly.profile";
/// The port on which the container learns the start and the end of the job.
const NOTIFICATION_SOCKET: &str = "127.0.0.1:7711";

/// Returns the capabilities with which an agent, or the placeholder, of a profile is registered.
pub fn capabilities(profile: &PipelinesProfile, name: &str) -> BTreeMap<String, String> {
    let own = [
        ("Agent.Name", name),
        ("Agent.Version", AGENT_VERSION),
        (PROFILE_CAPABILITY, profile.name.as_str()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    profile.capabilities.clone().into_iter().chain(own).insert_each()
}

/// Returns the body of a registration. The members are those that the agent's own configuration sends, and `enabled`.
pub fn body(profile: &PipelinesProfile, name: &str, key: &AgentKey) -> Value {
    json!({
        "name": name,
        "version": AGENT_VERSION,
        "osDescription": "Mayfly",
        "maxParallelism": 1,
        "provisioningState": "Provisioned",
        "enabled": true,
        "authorization": { "publicKey": { "exponent": key.exponent, "modulus": key.modulus } },
        "systemCapabilities": capabilities(profile, name),
    })
}

/// Returns the configuration of an agent: base64 of a JSON object that has the content of each file in base64 by the name
/// of the file, like the configuration of a runner.
///
/// `organization` is the URL of the organization, `pool` the id and the name of the pool.
pub fn configuration(
    registered: &RegisteredAgent,
    (profile, name): (&PipelinesProfile, &str),
    (pool, organization): (u64, &str),
    key: &AgentKey,
) -> Secret {
    let settings = json!({
        "acceptTeeEula": true,
        "agentId": registered.id,
        "agentName": name,
        "notificationSocketAddress": NOTIFICATION_SOCKET,
        "poolId": pool,
        "poolName": profile.pipelines_pool,
        "serverUrl": server_url(registered, organization),
        "workFolder": "_work",
    });
    let authorization = &registered.authorization;
    let credentials = json!({
        "scheme": "OAuth",
        "data": {
            "clientId": authorization.client_id,
            "authorizationUrl": authorization.authorization_url,
            "oauthEndpointUrl": authorization.authorization_url,
        },
    });
    // The session replaces the capabilities of the registration by those of the machine and of this file.
    let lines =
        capabilities(profile, name).into_iter().filter(|(name, _)| !name.starts_with("Agent."));
    let lines: String = lines.map(|(name, value)| format!("{name}={value}\n")).collect();
    let files = json!({
        ".agent": BASE64_STANDARD.encode(settings.to_string()),
        ".credentials": BASE64_STANDARD.encode(credentials.to_string()),
        ".credentials_rsaparams": BASE64_STANDARD.encode(key.file.expose()),
        ".capabilities": BASE64_STANDARD.encode(lines),
    });
    Secret::new(BASE64_STANDARD.encode(files.to_string()))
}

/// Returns the URL that the answer names if it is on the host of the organization, as the agent's own configuration does.
fn server_url(registered: &RegisteredAgent, organization: &str) -> String {
    let value = registered.properties.get("ServerUrl");
    let text = value.and_then(|value| value.as_str().or_else(|| value["$value"].as_str()));
    let own = url::Url::parse(organization).ok();
    let answered = text.and_then(|text| url::Url::parse(text).ok());
    match (own, answered) {
        (Some(own), Some(answered)) if own.origin() == answered.origin() => answered.to_string(),
        _ => format!("{}/", organization.trim_end_matches('/')),
    }
}
