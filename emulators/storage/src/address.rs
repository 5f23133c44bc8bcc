//! Reads where a request goes: the account, the queue or container, the rest, and the query.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use http::{Uri, header};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use emulator_core::service::Request;

use super::account::Account;
use super::failure::Failure;

/// The parts of a path, decoded; what is absent is empty.
#[derive(Debug)]
pub(super) struct Path<'a> {
    /// The storage account.
    pub(super) account: Cow<'a, str>,
    /// The queue or the container.
    pub(super) resource: Cow<'a, str>,
    /// What follows, slashes included: `messages/<id>`, or a blob's name.
    pub(super) rest: Cow<'a, str>,
}

impl<'a> Path<'a> {
    /// Reads a path; `None` where a part is not UTF-8.
    pub(super) fn of(uri: &'a Uri) -> Option<Self> {
        let mut parts = uri.path().trim_start_matches('/').splitn(3, '/');
        let mut next = || percent_decode_str(parts.next().unwrap_or_default()).decode_utf8().ok();
        Some(Self { account: next()?, resource: next()?, rest: next()? })
    }
}

/// The query's parameters, decoded, in the order sent.
#[derive(Debug)]
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads the query of an address.
    pub(super) fn of(uri: &'a Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect())
    }

    /// Finds a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// Finds a parameter that the operation cannot do without.
    pub(super) fn require(&self, name: &'static str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| {
            Failure::MISSING_REQUIRED_QUERY_PARAMETER.because("QueryParameterName", name)
        })
    }

    /// Reads a parameter that is a number, if it is there.
    pub(super) fn number(
        &self,
        name: &'static str,
        within: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let of_this = |failure: Failure| {
            failure.because("QueryParameterName", name).because("QueryParameterValue", text)
        };
        let Ok(number) = text.parse() else {
            return Err(of_this(Failure::INVALID_QUERY_PARAMETER_VALUE));
        };
        if within.contains(&number) {
            return Ok(Some(number));
        }
        Err(of_this(Failure::OUT_OF_RANGE_QUERY_PARAMETER_VALUE)
            .because("MinimumAllowed", within.start().to_string())
            .because("MaximumAllowed", within.end().to_string()))
    }

    /// Lists all parameters.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }
}

/// Writes the address of the service as the caller knows it, for the head of a list.
pub(super) fn service_endpoint(request: &Request, account: &Account) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}/{}", host.unwrap_or_default(), account.name())
}

/// Checks the name of a queue or a container.
///
/// Names have 3 to 63 lower-case letters, digits and hyphens; each hyphen stands between two others.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    if !(3..=63).contains(&name.len()) {
        return Err(Failure::OUT_OF_RANGE_INPUT);
    }
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if name.split('-').all(part) { Ok(()) } else { Err(Failure::INVALID_RESOURCE_NAME) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_falls_into_account_resource_and_rest() {
        let parts = |uri: &'static str| {
            let uri = Uri::from_static(uri);
            let path = Path::of(&uri).expect("UTF-8");
            [path.account.into_owned(), path.resource.into_owned(), path.rest.into_owned()]
        };
        assert_eq!(parts("/acct"), ["acct", "", ""]);
        assert_eq!(parts("/acct/?comp=list"), ["acct", "", ""]);
        assert_eq!(parts("/acct/jobs/messages/1"), ["acct", "jobs", "messages/1"]);
        assert_eq!(parts("/acct/state/a%20b//c%2Fd"), ["acct", "state", "a b//c/d"]);
        assert!(Path::of(&Uri::from_static("/acct/%ff")).is_none());
    }

    #[test]
    fn a_name_is_held_to_the_documented_rules() {
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
