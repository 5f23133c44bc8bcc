//! Reads and checks an account SAS, by "Create an account SAS" of the REST reference.

use std::net::{IpAddr, SocketAddr};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use url::form_urlencoded;

use super::account::Account;
use super::address::Query;
use super::authorization::{Need, unproved};
use super::exchange::VERSION;
use super::failure::Failure;

/// From this version on, the string to sign has a line for the encryption scope.
const WITH_ENCRYPTION_SCOPE: &str = "2020-12-06";

/// The signed fields, as written; those that may be left out are empty then.
#[derive(Debug, Default)]
pub(super) struct AccountSas<'a> {
    version: &'a str,
    services: &'a str,
    resources: &'a str,
    /// The letters of what it permits.
    pub(super) permissions: &'a str,
    start: &'a str,
    expiry: &'a str,
    addresses: &'a str,
    protocols: &'a str,
    encryption_scope: &'a str,
}

/// The circumstances in which a SAS is presented.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// The time.
    pub(super) at: DateTime<Utc>,
    /// The caller's address; a call within the process has none.
    pub(super) from: Option<SocketAddr>,
}

impl<'a> AccountSas<'a> {
    /// Makes one for both services with every permission that an operation here needs.
    pub(super) fn of_everything(expiry: &'a str) -> Self {
        let (services, resources, permissions) = ("bq", "sco", "rwdlacup");
        Self { version: VERSION, services, resources, permissions, expiry, ..Self::default() }
    }

    /// Reads the one that a query carries.
    pub(super) fn of(query: &'a Query<'_>) -> Result<Self, Failure> {
        let optional = |name| query.get(name).unwrap_or_default();
        let required = |name| match optional(name) {
            "" => Err(unproved(format!("{name} is mandatory. Cannot be empty"))),
            text => Ok(text),
        };
        Ok(Self {
            version: required("sv")?,
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

    /// Writes it as a query string.
    pub(super) fn query(&self, signature: &str) -> String {
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

    /// Writes what its signature signs.
    pub(super) fn string_to_sign(&self, account: &str) -> String {
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
        if self.version >= WITH_ENCRYPTION_SCOPE {
            lines.push(self.encryption_scope);
        }
        lines.push("");
        lines.join("\n")
    }

    /// Checks that the account's key made the signature.
    pub(super) fn check_signature(
        &self,
        account: &Account,
        signature: &str,
    ) -> Result<(), Failure> {
        let text = self.string_to_sign(account.name());
        if account.signed(&text, signature) {
            return Ok(());
        }
        Err(unproved(format!("Signature did not match. String to sign used was {text}")))
    }

    /// Checks that it holds here and now, for what an operation needs.
    pub(super) fn check(&self, need: Need, visit: Visit) -> Result<(), Failure> {
        self.check_time(visit.at)?;
        let refusal = if !self.admits_address(visit.from) {
            Failure::AUTHORIZATION_SOURCE_IP_MISMATCH
        } else if self.protocols == "https" {
            Failure::AUTHORIZATION_PROTOCOL_MISMATCH
        } else if !self.services.contains(need.service) {
            Failure::AUTHORIZATION_SERVICE_MISMATCH
        } else if !self.resources.contains(need.resource) {
            Failure::AUTHORIZATION_RESOURCE_TYPE_MISMATCH
        } else if !self.permissions.contains(|letter| need.any_of.contains(letter)) {
            Failure::AUTHORIZATION_PERMISSION_MISMATCH
        } else {
            return Ok(());
        };
        Err(refusal)
    }

    fn check_time(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        let bound = |name: &str, text: &str| {
            instant(text).ok_or_else(|| unproved(format!("{name} is not a valid time: {text}")))
        };
        let begun = self.start.is_empty() || bound("st", self.start)? <= now;
        if begun && now < bound("se", self.expiry)? {
            return Ok(());
        }
        Err(unproved(format!(
            "Signature not valid in the specified time frame: Start [{}] - Expiry [{}] - Current [{now}]",
            self.start, self.expiry
        )))
    }

    fn admits_address(&self, from: Option<SocketAddr>) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let (first, last) =
            self.addresses.split_once('-').unwrap_or((self.addresses, self.addresses));
        match (from, first.parse::<IpAddr>(), last.parse::<IpAddr>()) {
            (Some(from), Ok(first), Ok(last)) => (first..=last).contains(&from.ip()),
            _ => false,
        }
    }
}

/// Reads a time in one of the documented forms of ISO 8601.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let to_the_second = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let to_the_minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok();
    let to_the_day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    to_the_second()
        .or_else(|| Some(to_the_minute()?.and_utc()))
        .or_else(|| Some(to_the_day()?.and_time(NaiveTime::MIN).and_utc()))
}

#[cfg(test)]
mod tests;
