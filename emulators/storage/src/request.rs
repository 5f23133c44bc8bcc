//! The address of a request: account, queue or container, remaining path, and query.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use http::Uri;
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use emulator_core::service::{Request, origin};

use crate::error::StorageError;

/// The decoded segments of a path; an absent segment is empty.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    /// The storage account.
    pub(crate) account: Cow<'a, str>,
    /// The queue or the container.
    pub(crate) resource: Cow<'a, str>,
    /// The remaining path with its slashes: `messages/<id>`, or a blob's name.
    pub(crate) rest: Cow<'a, str>,
}

impl<'a> Path<'a> {
    /// Parses a path; returns `None` if a segment is not UTF-8.
    pub(crate) fn parse(uri: &'a Uri) -> Option<Self> {
        let mut segments = uri.path().trim_start_matches('/').splitn(3, '/');
        let mut next =
            || percent_decode_str(segments.next().unwrap_or_default()).decode_utf8().ok();
        Some(Self { account: next()?, resource: next()?, rest: next()? })
    }
}

/// The query's parameters, decoded.
///
/// Names are compared without regard to case. The values of a repeated name are joined by commas, as "Authorize
/// with Shared Key" of the REST reference describes it; so a second `sig` invalidates the first.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    joined: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Parses the query of an address.
    pub(crate) fn parse(uri: &'a Uri) -> Self {
        let pairs: Vec<_> =
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
        let mut joined = Vec::<(String, Cow<'a, str>)>::with_capacity(pairs.len());
        for (name, value) in &pairs {
            let name = name.to_ascii_lowercase();
            match joined.iter_mut().find(|(key, _)| *key == name) {
                Some((_, values)) => *values = Cow::Owned(format!("{values},{value}")),
                None => joined.push((name, value.clone())),
            }
        }
        Self { pairs, joined }
    }

    /// Returns a parameter, if present; `name` is in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.joined.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// Returns the names in lower case, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.joined.iter().map(|(name, _)| name.as_str())
    }

    /// Returns a parameter that the operation requires.
    pub(crate) fn require(&self, name: &'static str) -> Result<&str, StorageError> {
        self.get(name).ok_or_else(|| {
            StorageError::MISSING_REQUIRED_QUERY_PARAMETER.with_detail("QueryParameterName", name)
        })
    }

    /// Returns a numeric parameter, if present.
    pub(crate) fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, StorageError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let rejected = |error: StorageError| {
            error.with_detail("QueryParameterName", name).with_detail("QueryParameterValue", text)
        };
        let Ok(number) = text.parse() else {
            return Err(rejected(StorageError::INVALID_QUERY_PARAMETER_VALUE));
        };
        if range.contains(&number) {
            return Ok(Some(number));
        }
        Err(rejected(StorageError::OUT_OF_RANGE_QUERY_PARAMETER_VALUE)
            .with_detail("MinimumAllowed", range.start().to_string())
            .with_detail("MaximumAllowed", range.end().to_string()))
    }

    /// Returns all parameters as sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }
}

/// Returns the address of the service as the caller knows it, for the root element of a list.
pub(crate) fn service_endpoint(request: &Request, account: &str) -> String {
    format!("{}/{account}", origin(request))
}

/// Checks the name of a queue or a container.
///
/// Names have 3 to 63 lower-case letters, digits and hyphens; a letter or digit is on both sides of each hyphen.
pub(crate) fn check_name(name: &str) -> Result<(), StorageError> {
    if !(3..=63).contains(&name.len()) {
        return Err(StorageError::OUT_OF_RANGE_INPUT);
    }
    let is_alphanumeric = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if name.split('-').all(is_alphanumeric) {
        Ok(())
    } else {
        Err(StorageError::INVALID_RESOURCE_NAME)
    }
}

/// The maximum length of a blob's name, in characters of UTF-16.
const MAX_BLOB_NAME_LENGTH: usize = 1024;
/// The maximum number of segments of a blob's name.
const MAX_BLOB_NAME_SEGMENTS: usize = 254;

/// Checks the name of a blob, by "Naming and referencing containers, blobs, and metadata".
pub(crate) fn check_blob_name(name: &str) -> Result<(), StorageError> {
    let is_too_long = name.encode_utf16().count() > MAX_BLOB_NAME_LENGTH;
    if is_too_long || name.split('/').count() > MAX_BLOB_NAME_SEGMENTS {
        return Err(StorageError::OUT_OF_RANGE_INPUT);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_into_account_resource_and_rest() {
        let split = |uri: &'static str| {
            let uri = Uri::from_static(uri);
            let path = Path::parse(&uri).expect("UTF-8");
            [path.account.into_owned(), path.resource.into_owned(), path.rest.into_owned()]
        };
        assert_eq!(split("/acct"), ["acct", "", ""]);
        assert_eq!(split("/acct/?comp=list"), ["acct", "", ""]);
        assert_eq!(split("/acct/jobs/messages/1"), ["acct", "jobs", "messages/1"]);
        assert_eq!(split("/acct/state/a%20b//c%2Fd"), ["acct", "state", "a b//c/d"]);
        assert!(Path::parse(&Uri::from_static("/acct/%ff")).is_none());
    }

    #[test]
    fn names_must_follow_the_documented_rules() {
        for good in ["abc", "runner-requests", "0-1-2", &"a".repeat(63)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for (bad, code) in [
            ("ab", "OutOfRangeInput"),
            (&"a".repeat(64), "OutOfRangeInput"),
            ("Upper", "InvalidResourceName"),
            ("under_score", "InvalidResourceName"),
            ("two--hyphens", "InvalidResourceName"),
            ("-front", "InvalidResourceName"),
            ("back-", "InvalidResourceName"),
        ] {
            assert_eq!(check_name(bad).expect_err(bad).code, code);
        }
    }
}
