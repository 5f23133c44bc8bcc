//! The account SAS, by "Create an account SAS" of the REST reference.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use url::form_urlencoded;

use crate::api_version::ApiVersion;
use crate::error::StorageError;
use crate::request::Query;

/// The permission that an operation requires of an account SAS, by the tables of "Create an account SAS".
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredPermission {
    /// `b` or `q`.
    pub(crate) service: char,
    /// `s` service, `c` container or queue, `o` blob or message.
    pub(crate) resource: char,
    /// Permissions, each of which is sufficient.
    pub(crate) any_of: &'static str,
}

/// The signed fields as written; an absent optional field is empty.
#[derive(Debug, Default)]
pub(crate) struct AccountSas<'a> {
    version: &'a str,
    services: &'a str,
    resources: &'a str,
    /// The letters of its permissions.
    pub(crate) permissions: &'a str,
    start: &'a str,
    expiry: &'a str,
    addresses: &'a str,
    protocols: &'a str,
    encryption_scope: &'a str,
}

impl<'a> AccountSas<'a> {
    /// Creates a SAS for both services, with every permission that an emulated operation requires.
    pub(crate) fn with_all_permissions(expiry: &'a str) -> Self {
        let (services, resources, permissions) = ("bq", "sco", "rwdlacup");
        let version = ApiVersion::DEFAULT.as_str();
        Self { version, services, resources, permissions, expiry, ..Self::default() }
    }

    /// Parses the SAS in a query.
    pub(crate) fn parse(query: &'a Query<'_>) -> Result<Self, StorageError> {
        let optional = |name| query.get(name).unwrap_or_default();
        let required = |name| match optional(name) {
            "" => {
                Err(StorageError::unauthenticated(format!("{name} is mandatory. Cannot be empty")))
            }
            text => Ok(text),
        };
        let version = required("sv")?;
        if ApiVersion::find(version).is_none_or(|version| version < ApiVersion::OLDEST_MODELLED) {
            return Err(StorageError::unauthenticated(format!(
                "sv is not a valid version: {version}"
            )));
        }
        Ok(Self {
            version,
            services: required("ss")?,
            resources: required("srt")?,
            permissions: required("sp")?,
            start: optional("st"),
            expiry: required("se")?,
            addresses: optional("sip"),
            protocols: optional("spr"),
            encryption_scope: optional("ses"),
        })
    }

    /// Returns the SAS as a query string.
    pub(crate) fn to_query(&self, signature: &str) -> String {
        let fields = [
            ("sv", self.version),
            ("ss", self.services),
            ("srt", self.resources),
            ("sp", self.permissions),
            ("se", self.expiry),
            ("sig", signature),
        ];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    /// Returns the text that its signature signs.
    pub(crate) fn string_to_sign(&self, account: &str) -> String {
        let mut lines = vec![
            account,
            self.permissions,
            self.services,
            self.resources,
            self.start,
            self.expiry,
            self.addresses,
            self.protocols,
            self.version,
        ];
        if self.version >= ApiVersion::SIGNED_ENCRYPTION_SCOPE.as_str() {
            lines.push(self.encryption_scope);
        }
        lines.push("");
        lines.join("\n")
    }

    /// Checks that the SAS is valid now and for this client, and covers the required permission.
    ///
    /// A call inside the process has no client address.
    pub(crate) fn check(
        &self,
        required: RequiredPermission,
        now: DateTime<Utc>,
        client: Option<IpAddr>,
    ) -> Result<(), StorageError> {
        self.check_time(now)?;
        let mismatch = if !self.allows_address(client) {
            StorageError::AUTHORIZATION_SOURCE_IP_MISMATCH
        } else if self.protocols == "https" {
            StorageError::AUTHORIZATION_PROTOCOL_MISMATCH
        } else if !self.services.contains(required.service) {
            StorageError::AUTHORIZATION_SERVICE_MISMATCH
        } else if !self.resources.contains(required.resource) {
            StorageError::AUTHORIZATION_RESOURCE_TYPE_MISMATCH
        } else if !self.permissions.contains(|letter| required.any_of.contains(letter)) {
            StorageError::AUTHORIZATION_PERMISSION_MISMATCH
        } else {
            return Ok(());
        };
        Err(mismatch)
    }

    fn check_time(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        let time = |name: &str, text: &str| {
            parse_time(text).ok_or_else(|| {
                StorageError::unauthenticated(format!("{name} is not a valid time: {text}"))
            })
        };
        let has_started = self.start.is_empty() || time("st", self.start)? <= now;
        if has_started && now < time("se", self.expiry)? {
            return Ok(());
        }
        Err(StorageError::unauthenticated(format!(
            "Signature not valid in the specified time frame: Start [{}] - Expiry [{}] - Current [{now}]",
            self.start, self.expiry
        )))
    }

    fn allows_address(&self, client: Option<IpAddr>) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let (first, last) =
            self.addresses.split_once('-').unwrap_or((self.addresses, self.addresses));
        match (client, first.parse::<IpAddr>(), last.parse::<IpAddr>()) {
            (Some(client), Ok(first), Ok(last)) => (first..=last).contains(&client),
            _ => false,
        }
    }
}

/// Parses a time in one of the documented forms of ISO 8601.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let to_seconds = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let to_minutes = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok();
    let to_days = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    to_seconds()
        .or_else(|| Some(to_minutes()?.and_utc()))
        .or_else(|| Some(to_days()?.and_time(NaiveTime::MIN).and_utc()))
}
