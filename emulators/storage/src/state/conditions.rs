//! Conditional headers, by "Specifying conditional headers for Blob service operations".
//!
//! Rejected: the typed headers of the crate `headers`. Azure accepts entity tags without quotes, reads dates
//! in one format only, and limits the number of tags of a write.

use chrono::{DateTime, Timelike, Utc};
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderValue};

use uuid::Uuid;

use crate::dto::lease_headers::lease_id;
use crate::error::StorageError;
use crate::response::HttpDate;

/// The version of a blob or container, to which conditions are compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    /// The entity tag, without quotes.
    pub(crate) etag: String,
    /// The time of the last write.
    pub(crate) modified: DateTime<Utc>,
}

/// The conditional headers of a request.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    if_match: Option<EntityTags>,
    if_none_match: Option<EntityTags>,
    modified_since: Option<DateTime<Utc>>,
    unmodified_since: Option<DateTime<Utc>>,
    /// The id of the lease under which the request is made.
    pub(crate) lease_id: Option<Uuid>,
}

#[derive(Debug)]
enum EntityTags {
    Any,
    List(Vec<String>),
}

impl EntityTags {
    fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::List(text.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()).collect())
    }

    fn contain(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => tags.iter().any(|tag| tag == etag),
        }
    }

    fn are_several(&self) -> bool {
        matches!(self, Self::List(tags) if tags.len() > 1)
    }
}

impl Conditions {
    /// Parses the conditional headers of a request.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, StorageError> {
        // A repeated header is a list, of which only entity tags may have more than one.
        let text = |name: &HeaderName| {
            let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            let text = String::from_utf8_lossy(&values.join(&b","[..])).to_string();
            (!values.is_empty()).then_some(text)
        };
        let time = |name: HeaderName| match text(&name) {
            None => Ok(None),
            Some(text) => parse_date(&text).map(Some).ok_or_else(|| malformed(&name, text)),
        };
        Ok(Self {
            if_match: text(&IF_MATCH).as_deref().map(EntityTags::parse),
            if_none_match: text(&IF_NONE_MATCH).as_deref().map(EntityTags::parse),
            modified_since: time(IF_MODIFIED_SINCE)?,
            unmodified_since: time(IF_UNMODIFIED_SINCE)?,
            lease_id: lease_id(headers, "x-ms-lease-id")?,
        })
    }

    /// Returns whether the request may only succeed if the blob does not exist.
    pub(crate) fn require_absence(&self) -> bool {
        matches!(self.if_none_match, Some(EntityTags::Any))
    }

    /// Checks the conditions of a read: `If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since)`.
    pub(crate) fn check_read(&self, current: Option<&Version>) -> Result<(), StorageError> {
        if self.require_absence() {
            return Err(StorageError::UNSATISFIABLE_CONDITION);
        }
        let Some(current) = current else { return self.check_absent() };
        let modified = to_seconds(current.modified);
        let violated = self.if_match.as_ref().is_some_and(|tags| !tags.contain(&current.etag))
            || self.unmodified_since.is_some_and(|since| modified > since);
        if violated {
            return Err(StorageError::CONDITION_NOT_MET);
        }
        let differs = self.if_none_match.as_ref().map(|tags| !tags.contain(&current.etag));
        let newer = self.modified_since.map(|since| modified > since);
        match (differs, newer) {
            (Some(true), _) | (_, Some(true)) | (None, None) => Ok(()),
            _ => Err(StorageError::NOT_MODIFIED),
        }
    }

    /// Checks the conditions of a write: the entity tag, or the time if there is no tag.
    pub(crate) fn check_write(&self, current: Option<&Version>) -> Result<(), StorageError> {
        self.check_combination()?;
        let Some(current) = current else { return self.check_absent() };
        let modified = to_seconds(current.modified);
        let met = match (&self.if_none_match, &self.if_match) {
            (Some(tags), _) => !tags.contain(&current.etag),
            (None, Some(tags)) => tags.contain(&current.etag),
            (None, None) => {
                self.modified_since.is_none_or(|since| modified > since)
                    && self.unmodified_since.is_none_or(|since| modified <= since)
            }
        };
        if met { Ok(()) } else { Err(StorageError::CONDITION_NOT_MET) }
    }

    fn check_absent(&self) -> Result<(), StorageError> {
        if self.if_match.is_some() { Err(StorageError::CONDITION_NOT_MET) } else { Ok(()) }
    }

    /// Checks that a write has one condition or one of the two documented pairs, and at most one tag each.
    fn check_combination(&self) -> Result<(), StorageError> {
        let (if_match, if_none_match) = (self.if_match.is_some(), self.if_none_match.is_some());
        let (newer, older) = (self.modified_since.is_some(), self.unmodified_since.is_some());
        let crossed = (if_match || older) && (if_none_match || newer);
        let several = [&self.if_match, &self.if_none_match]
            .into_iter()
            .any(|tags| tags.as_ref().is_some_and(EntityTags::are_several));
        if crossed || several { Err(StorageError::MULTIPLE_CONDITION_HEADERS) } else { Ok(()) }
    }
}

fn malformed(name: &HeaderName, value: String) -> StorageError {
    StorageError::INVALID_HEADER_VALUE
        .with_detail("HeaderName", name.as_str())
        .with_detail("HeaderValue", value)
}

fn parse_date(text: &str) -> Option<DateTime<Utc>> {
    HttpDate::parse(text).map(|HttpDate(time)| time)
}

/// Drops the fraction of a second, which a header cannot represent.
fn to_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(0).unwrap_or(time)
}

#[cfg(test)]
mod tests;
