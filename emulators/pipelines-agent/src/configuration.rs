//! The files that configure an agent: `.agent`, `.credentials`, `.credentials_rsaparams`, and `.capabilities`.

use std::collections::BTreeMap;
use std::path::Path;

use ring::rsa::KeyPair;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::signing_key;

const SETTINGS: &str = ".agent";
const CREDENTIALS: &str = ".credentials";
const KEY: &str = ".credentials_rsaparams";
const CAPABILITIES: &str = ".capabilities";
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What an agent reads at its start.
pub struct Configuration {
    pub(crate) settings: Settings,
    pub(crate) credentials: Credentials,
    pub(crate) key: KeyPair,
    /// The lines `name=value` of `.capabilities`.
    pub(crate) capabilities: BTreeMap<String, String>,
}

/// A file that is missing or wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidConfiguration {
    /// The name of the file.
    pub file: &'static str,
    /// The problem.
    pub problem: String,
}

/// The content of `.agent`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) struct Settings {
    #[serde(rename = "agentid")]
    pub(crate) agent_id: u64,
    #[serde(rename = "agentname")]
    pub(crate) agent_name: String,
    #[serde(rename = "poolid")]
    pub(crate) pool_id: u64,
    #[serde(rename = "serverurl")]
    pub(crate) server_url: String,
    #[serde(rename = "skipsessionrecover", default)]
    pub(crate) skip_session_recover: bool,
    #[serde(rename = "notificationsocketaddress", default)]
    pub(crate) notification_address: Option<String>,
}

/// The content of `.credentials`, as far as an agent with a key uses it.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Credentials {
    #[serde(rename = "clientid")]
    pub(crate) client_id: String,
    #[serde(rename = "authorizationurl")]
    pub(crate) authorization_url: String,
    #[serde(rename = "oauthendpointurl", default)]
    oauth_endpoint_url: Option<String>,
}

impl Credentials {
    /// Returns the address of the token endpoint.
    pub(crate) fn endpoint(&self) -> &str {
        self.oauth_endpoint_url.as_deref().unwrap_or(&self.authorization_url)
    }
}

impl Configuration {
    /// Reads the files of a folder.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub fn read(home: &Path) -> Result<Self, InvalidConfiguration> {
        let read = |name| Some((name, std::fs::read_to_string(home.join(name)).ok()?));
        let names = [SETTINGS, CREDENTIALS, KEY, CAPABILITIES];
        let files: BTreeMap<&str, String> = names.into_iter().filter_map(read).collect();
        Self::from_files(|name| files.get(name).map(String::as_str))
    }

    /// Reads files by their names.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub fn from_files<'a>(
        file: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, InvalidConfiguration> {
        let settings = parse(SETTINGS, file(SETTINGS))?;
        let credentials: Value = parse_value(CREDENTIALS, file(CREDENTIALS))?;
        if credentials["scheme"].as_str().is_none_or(|it| !it.eq_ignore_ascii_case("OAuth")) {
            return Err(invalid(CREDENTIALS, "the scheme is not OAuth"));
        }
        let credentials = typed(CREDENTIALS, credentials["data"].clone())?;
        let key = file(KEY).ok_or_else(|| invalid(KEY, "the file is missing"))?;
        // The members of this file are read by their exact names, unlike those of the others.
        let key = signing_key::parse(key.trim_start_matches(BYTE_ORDER_MARK));
        let key = key.map_err(|problem| invalid(KEY, &problem))?;
        let lines = file(CAPABILITIES).unwrap_or_default().lines();
        let pairs = lines.filter_map(|line| line.split_once('='));
        let capabilities =
            pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect();
        Ok(Self { settings, credentials, key, capabilities })
    }

    /// Returns the name of the agent.
    pub fn agent_name(&self) -> &str {
        &self.settings.agent_name
    }
}

fn parse<T: DeserializeOwned>(
    file: &'static str,
    text: Option<&str>,
) -> Result<T, InvalidConfiguration> {
    typed(file, parse_value(file, text)?)
}

fn parse_value(file: &'static str, text: Option<&str>) -> Result<Value, InvalidConfiguration> {
    let text = text.ok_or_else(|| invalid(file, "the file is missing"))?;
    let value = serde_json::from_str(text.trim_start_matches(BYTE_ORDER_MARK));
    value.map(lower_case).map_err(|error| invalid(file, &error.to_string()))
}

fn typed<T: DeserializeOwned>(file: &'static str, value: Value) -> Result<T, InvalidConfiguration> {
    serde_json::from_value(value).map_err(|error| invalid(file, &error.to_string()))
}

/// Writes the names of all members in lower case: the agent reads them without regard to case.
fn lower_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| (name.to_lowercase(), lower_case(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn invalid(file: &'static str, problem: &str) -> InvalidConfiguration {
    InvalidConfiguration { file, problem: problem.to_owned() }
}
