//! The connection of a queue trigger to a storage account: an application setting with a connection string.
//!
//! <https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string>

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::shared_key::SharedKey;

mod fields;
#[cfg(test)]
mod tests;

use fields::Fields;

/// The queues of the storage emulator, which `UseDevelopmentStorage=true` selects: Azurite's default port.
const DEVELOPMENT_PORT: u16 = 10001;
/// The account of the storage emulator.
const DEVELOPMENT_ACCOUNT: &str = "devstoreaccount1";
/// The key of that account, which Microsoft publishes: every storage emulator has it.
const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A setting that is not a usable queue connection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("setting {setting} {problem}")]
pub struct InvalidConnection {
    /// The setting.
    pub setting: String,
    /// The problem; it never contains a value.
    pub problem: Cow<'static, str>,
}

/// The queue endpoint of a storage account, and a credential for it.
#[derive(Clone)]
pub(crate) struct Connection {
    /// The queue endpoint, without a trailing slash.
    pub(super) endpoint: String,
    /// The credential.
    pub(super) credential: Credential,
}

/// The authentication of requests.
#[derive(Clone)]
pub(super) enum Credential {
    /// A shared access signature, without its question mark.
    Signature(String),
    /// The account's key, which signs each request.
    Key(SharedKey),
}

impl Connection {
    /// Returns the connection of a trigger, from the setting of that name with or without the host's prefix.
    pub(crate) fn from_settings(
        settings: &BTreeMap<String, String>,
        name: &str,
    ) -> Result<Self, InvalidConnection> {
        let candidates = [format!("AzureWebJobs{name}"), name.to_owned()];
        let found = candidates.into_iter().find_map(|name| settings.get_key_value(&name));
        let Some((setting, text)) = found else {
            let has_identity = settings.keys().any(|key| key.starts_with(&format!("{name}__")));
            let problem = match has_identity {
                true => "is an identity-based connection, which is not modelled",
                false => "is missing",
            };
            return Err(InvalidConnection { setting: name.to_owned(), problem: problem.into() });
        };
        let invalid = |problem| InvalidConnection { setting: setting.clone(), problem };
        Fields::parse(text).and_then(|fields| Self::new(&fields)).map_err(invalid)
    }

    /// Returns whether requests to the account use TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.endpoint.starts_with("https:")
    }

    fn new(fields: &Fields<'_>) -> Result<Self, Cow<'static, str>> {
        if let Some(value) = fields.get("UseDevelopmentStorage") {
            return Self::development(fields, value);
        }
        let credential = credential(fields)?;
        let endpoint = match fields.get("QueueEndpoint") {
            Some(endpoint) => address("QueueEndpoint", endpoint)?,
            None => default_endpoint(fields)?,
        };
        Ok(Self { endpoint, credential })
    }

    /// Returns the connection to the storage emulator of this machine, or of the machine that a proxy URI names.
    fn development(fields: &Fields<'_>, value: &str) -> Result<Self, Cow<'static, str>> {
        if !value.eq_ignore_ascii_case("true") {
            return Err("has a UseDevelopmentStorage that is not true".into());
        }
        if let Some(other) =
            fields.other_than(&["UseDevelopmentStorage", "DevelopmentStorageProxyUri"])
        {
            return Err(
                format!("has UseDevelopmentStorage and {other}, which exclude each other").into()
            );
        }
        let machine = match fields.get("DevelopmentStorageProxyUri") {
            Some(uri) => address("DevelopmentStorageProxyUri", uri)?,
            None => "http://127.0.0.1".to_owned(),
        };
        let key = SharedKey::new(DEVELOPMENT_ACCOUNT, &decode(DEVELOPMENT_KEY)?);
        let endpoint = format!("{machine}:{DEVELOPMENT_PORT}/{DEVELOPMENT_ACCOUNT}");
        Ok(Self { endpoint, credential: Credential::Key(key) })
    }
}

fn credential(fields: &Fields<'_>) -> Result<Credential, Cow<'static, str>> {
    match (fields.get("SharedAccessSignature"), fields.get("AccountKey")) {
        (Some(_), Some(_)) => {
            Err("has SharedAccessSignature and AccountKey, which exclude each other".into())
        }
        (Some(signature), None) => {
            Ok(Credential::Signature(signature.trim_start_matches('?').to_owned()))
        }
        (None, Some(key)) => {
            let account = fields.get("AccountName").ok_or("has AccountKey, but no AccountName")?;
            Ok(Credential::Key(SharedKey::new(account, &decode(key)?)))
        }
        (None, None) => Err("has neither AccountKey nor SharedAccessSignature".into()),
    }
}

fn decode(key: &str) -> Result<Vec<u8>, Cow<'static, str>> {
    STANDARD.decode(key).map_err(|_| "has an AccountKey that is not base64".into())
}

/// Returns the endpoint of an account in Azure, or in the cloud that the suffix names.
fn default_endpoint(fields: &Fields<'_>) -> Result<String, Cow<'static, str>> {
    let account = fields.get("AccountName").ok_or("has neither QueueEndpoint nor AccountName")?;
    let protocol = fields.get("DefaultEndpointsProtocol").unwrap_or("https");
    if !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(protocol)) {
        return Err("has a DefaultEndpointsProtocol that is neither http nor https".into());
    }
    let suffix = fields.get("EndpointSuffix").unwrap_or("core.windows.net");
    let url = Url::parse(&format!("{}://{account}.queue.{suffix}", protocol.to_lowercase()));
    // A slash or a question mark in one of the parts would move the rest of it out of the host.
    match url {
        Ok(url) if url.path() == "/" && url.query().is_none() && url.fragment().is_none() => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err("has an AccountName or EndpointSuffix that is no part of a host name".into()),
    }
}

/// Returns a URL of the connection string without a trailing slash.
fn address(name: &str, value: &str) -> Result<String, Cow<'static, str>> {
    let url = Url::parse(value).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    match url {
        None => Err(format!("has a {name} that is no URL with http:// or https://").into()),
        Some(url) if url.query().is_some() || url.fragment().is_some() => {
            Err(format!("has a {name} with a query; a signature belongs to SharedAccessSignature")
                .into())
        }
        Some(_) => Ok(value.trim_end_matches('/').to_owned()),
    }
}
