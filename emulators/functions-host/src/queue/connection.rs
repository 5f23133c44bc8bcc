//! Reads a storage connection string as far as the queue trigger needs it.

use std::collections::BTreeMap;

use url::Url;

/// A setting does not say where a queue is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("setting {setting} {trouble}")]
pub struct BadConnection {
    /// The setting.
    pub setting: String,
    /// What is wrong with it; never its value.
    pub trouble: &'static str,
}

/// Where a storage account's queues are, and the signature that opens them.
#[derive(Clone)]
pub(crate) struct Connection {
    /// The queue endpoint, without a trailing slash.
    pub(super) endpoint: String,
    /// The shared access signature, without its question mark.
    pub(super) signature: String,
}

impl Connection {
    /// Finds the connection that a trigger names, under its name with and without the host's prefix.
    pub(crate) fn of(
        settings: &BTreeMap<String, String>,
        name: &str,
    ) -> Result<Self, BadConnection> {
        let candidates = [format!("AzureWebJobs{name}"), name.to_owned()];
        let found = candidates.into_iter().find_map(|name| settings.get_key_value(&name));
        let Some((setting, text)) = found else {
            let identity = settings.keys().any(|key| key.starts_with(&format!("{name}__")));
            let trouble = match identity {
                true => "asks for an identity's connection, which is not modelled",
                false => "is missing",
            };
            return Err(BadConnection { setting: name.to_owned(), trouble });
        };
        Self::parse(text).map_err(|trouble| BadConnection { setting: setting.clone(), trouble })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let fields: BTreeMap<_, _> = text
            .split(';')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
            .collect();
        let endpoint = fields.get("queueendpoint").ok_or("names no QueueEndpoint")?;
        let signature =
            fields.get("sharedaccesssignature").ok_or("holds no SharedAccessSignature")?;
        match Url::parse(endpoint) {
            Ok(url) if url.scheme() == "http" => {}
            Ok(_) => return Err("names a QueueEndpoint that is not plain HTTP"),
            Err(_) => return Err("names a QueueEndpoint that is no URL"),
        }
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { endpoint, signature: signature.trim_start_matches('?').to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(setting: &str, value: &str) -> String {
        let settings = BTreeMap::from([(setting.to_owned(), value.to_owned())]);
        let Err(err) = Connection::of(&settings, "AzureWebJobsStorage") else {
            panic!("{value} is no good")
        };
        err.to_string()
    }

    #[test]
    fn a_connection_that_cannot_be_used_is_named_without_its_value() {
        let said = [
            refused("Other", ""),
            refused("AzureWebJobsStorage__accountName", "mayfly"),
            refused("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
            refused("AzureWebJobsStorage", "QueueEndpoint=http://127.0.0.1:1/a;AccountKey=secret"),
            refused("AzureWebJobsStorage", "QueueEndpoint=https://a.test;SharedAccessSignature=s"),
        ];
        insta::assert_snapshot!(said.join("\n"), @r"
        setting AzureWebJobsStorage is missing
        setting AzureWebJobsStorage asks for an identity's connection, which is not modelled
        setting AzureWebJobsStorage names no QueueEndpoint
        setting AzureWebJobsStorage holds no SharedAccessSignature
        setting AzureWebJobsStorage names a QueueEndpoint that is not plain HTTP
        ");
    }
}
