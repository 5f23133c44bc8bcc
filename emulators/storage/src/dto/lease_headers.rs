//! The headers of leases.

use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use crate::error::StorageError;
use crate::state::lease::{LeaseDuration, LeaseProperties};

const ACTION: &str = "x-ms-lease-action";
const BREAK_PERIOD: &str = "x-ms-lease-break-period";
const DURATION: &str = "x-ms-lease-duration";
const LEASE_ID: &str = "x-ms-lease-id";
const PROPOSED_ID: &str = "x-ms-proposed-lease-id";

const MAX_BREAK_PERIOD_SECONDS: i64 = 60;
const FIXED_DURATION_SECONDS: std::ops::RangeInclusive<i64> = 15..=60;

/// A request for a lease, by its header `x-ms-lease-action`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LeaseAction {
    Acquire { proposed: Option<Uuid>, duration: LeaseDuration },
    Renew { id: Uuid },
    Change { id: Uuid, proposed: Uuid },
    Release { id: Uuid },
    Break { period: Option<TimeDelta> },
}

impl LeaseAction {
    /// Parses the headers of Lease Blob and Lease Container.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, StorageError> {
        let id = |name| require(lease_id(headers, name)?, name);
        match require(text(headers, ACTION)?, ACTION)?.to_ascii_lowercase().as_str() {
            "acquire" => Ok(Self::Acquire {
                proposed: lease_id(headers, PROPOSED_ID)?,
                duration: require(seconds(headers, DURATION)?, DURATION).and_then(duration)?,
            }),
            "renew" => Ok(Self::Renew { id: id(LEASE_ID)? }),
            "change" => Ok(Self::Change { id: id(LEASE_ID)?, proposed: id(PROPOSED_ID)? }),
            "release" => Ok(Self::Release { id: id(LEASE_ID)? }),
            "break" => Ok(Self::Break { period: break_period(headers)? }),
            _ => Err(invalid(headers, ACTION)),
        }
    }
}

/// Parses a header with the id of a lease: a GUID in one of the usual formats. An empty one is absent.
pub(crate) fn lease_id(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Option<Uuid>, StorageError> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let guid = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let id = Uuid::try_parse(guid).ok().filter(|_| !guid.starts_with("urn:"));
    id.map(Some).ok_or_else(|| invalid(headers, name))
}

/// Inserts the state of a lease into a response.
pub(crate) fn insert_lease(headers: &mut HeaderMap, lease: LeaseProperties) {
    headers.insert("x-ms-lease-status", HeaderValue::from_static(lease.status));
    headers.insert("x-ms-lease-state", HeaderValue::from_static(lease.state));
    if let Some(duration) = lease.duration {
        headers.insert(DURATION, HeaderValue::from_static(duration));
    }
}

fn duration(seconds: i64) -> Result<LeaseDuration, StorageError> {
    match seconds {
        -1 => Ok(LeaseDuration::Infinite),
        seconds if FIXED_DURATION_SECONDS.contains(&seconds) => {
            Ok(LeaseDuration::Fixed(TimeDelta::seconds(seconds)))
        }
        seconds => Err(invalid_value(DURATION, &seconds.to_string())),
    }
}

fn break_period(headers: &HeaderMap) -> Result<Option<TimeDelta>, StorageError> {
    match seconds(headers, BREAK_PERIOD)? {
        Some(period) if !(0..=MAX_BREAK_PERIOD_SECONDS).contains(&period) => {
            Err(invalid(headers, BREAK_PERIOD))
        }
        period => Ok(period.map(TimeDelta::seconds)),
    }
}

fn seconds(headers: &HeaderMap, name: &'static str) -> Result<Option<i64>, StorageError> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| invalid(headers, name))
}

/// Returns a header that is present and not empty.
fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, StorageError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| invalid(headers, name))?.trim();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn require<T>(value: Option<T>, name: &'static str) -> Result<T, StorageError> {
    value.ok_or_else(|| StorageError::MISSING_REQUIRED_HEADER.with_detail("HeaderName", name))
}

fn invalid(headers: &HeaderMap, name: &'static str) -> StorageError {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    invalid_value(name, value.unwrap_or_default())
}

fn invalid_value(name: &'static str, value: &str) -> StorageError {
    StorageError::INVALID_HEADER_VALUE
        .with_detail("HeaderName", name)
        .with_detail("HeaderValue", value)
}
