//! Storage connection strings, with the fields that the queue trigger needs.

use std::collections::BTreeMap;

use url::Url;

/// A setting that is not a usable queue connection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("setting {setting} {problem}")]
pub struct InvalidConnection {
    /// The setting.
    pub setting: String,
    /// The problem; it never contains the value.
    pub problem: &'static str,
}

/// The queue endpoint of a storage account, and a signature for it.
#[derive(Clone)]
pub(crate) struct Connection {
    /// The queue endpoint, without a trailing slash.
    pub(super) endpoint: String,
    /// The shared access signature, without its question mark.
    pub(super) signature: String,
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
            return Err(InvalidConnection { setting: name.to_owned(), problem });
        };
        Self::parse(text).map_err(|problem| InvalidConnection { setting: setting.clone(), problem })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let fields: BTreeMap<_, _> = text
            .split(';')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
            .collect();
        let endpoint = fields.get("queueendpoint").ok_or("has no QueueEndpoint")?;
        let signature =
            fields.get("sharedaccesssignature").ok_or("has no SharedAccessSignature")?;
        match Url::parse(endpoint) {
            Ok(url) if url.scheme() == "http" => {}
            Ok(_) => return Err("has a QueueEndpoint that is not plain HTTP"),
            Err(_) => return Err("has a QueueEndpoint that is not a URL"),
        }
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { endpoint, signature: signature.trim_start_matches('?').to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error_of(setting: &str, value: &str) -> String {
        let settings = BTreeMap::from([(setting.to_owned(), value.to_owned())]);
        let Err(err) = Connection::from_settings(&settings, "AzureWebJobsStorage") else {
            panic!("{value} is not usable")
        };
        err.to_string()
    }

    #[test]
    fn an_error_names_the_setting_without_its_value() {
        let errors = [
            error_of("Other", ""),
            error_of("AzureWebJobsStorage__accountName", "mayfly"),
            error_of("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
            error_of("AzureWebJobsStorage", "QueueEndpoint=http://127.0.0.1:1/a;AccountKey=secret"),
            error_of("AzureWebJobsStorage", "QueueEndpoint=https://a.test;SharedAccessSignature=s"),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        setting AzureWebJobsStorage is missing
        setting AzureWebJobsStorage is an identity-based connection, which is not modelled
        setting AzureWebJobsStorage has no QueueEndpoint
        setting AzureWebJobsStorage has no SharedAccessSignature
        setting AzureWebJobsStorage has a QueueEndpoint that is not plain HTTP
        ");
    }
}
