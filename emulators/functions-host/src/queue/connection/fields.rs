//! The fields of a connection string: `Name=value;Name=value`.

use std::borrow::Cow;

/// The fields that a connection string may have. The queue trigger reads some of them.
const KNOWN: [&str; 16] = [
    "AccountKey",
    "AccountName",
    "BlobEndpoint",
    "BlobSecondaryEndpoint",
    "DefaultEndpointsProtocol",
    "DevelopmentStorageProxyUri",
    "EndpointSuffix",
    "FileEndpoint",
    "FileSecondaryEndpoint",
    "QueueEndpoint",
    "QueueSecondaryEndpoint",
    "SharedAccessSignature",
    "TableEndpoint",
    "TableSecondaryEndpoint",
    "UseDevelopmentStorage",
    "DfsEndpoint",
];

/// The fields of a connection string, with their names as published. Names are compared without regard to case.
pub(super) struct Fields<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Fields<'a> {
    /// Parses a connection string.
    ///
    /// An unknown name is not repeated in the error: it may be a part of a key that was copied incompletely.
    pub(super) fn parse(text: &'a str) -> Result<Self, Cow<'static, str>> {
        let mut fields: Vec<(&'static str, &str)> = Vec::new();
        for (index, field) in text.split(';').map(str::trim).enumerate() {
            if field.is_empty() {
                continue;
            }
            let number = index + 1;
            let (name, value) = field
                .split_once('=')
                .ok_or_else(|| format!("has a field without '=': number {number}"))?;
            let (name, value) = (name.trim(), value.trim());
            let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| {
                format!("has a field that no connection string has: number {number}")
            })?;
            if value.is_empty() {
                return Err(format!("has an empty {known}").into());
            }
            if fields.iter().any(|(other, _)| *other == known) {
                return Err(format!("has {known} twice").into());
            }
            fields.push((known, value));
        }
        if fields.is_empty() {
            return Err("is empty".into());
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Returns the name of a field that is not in the list.
    pub(super) fn other_than(&self, names: &[&str]) -> Option<&'static str> {
        self.0.iter().map(|(name, _)| *name).find(|name| !names.contains(name))
    }
}
