//! The gate of a control port: which requests may change an emulator or read its lists.
//!
//! A control port runs scripts as the user who started it. A web page in that user's browser must not reach it: not by a
//! cross-site request (`Origin`), not by a request without a preflight (the token's header and the JSON content type
//! require one, which is never answered with permission), and not by a name that the page's owner resolves to loopback
//! (`Host`). Other users of the machine do not know the token.
//!
//! <https://fetch.spec.whatwg.org/#cors-preflight-fetch>

use std::net::IpAddr;
use std::str::FromStr;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::json;

use super::control::ControlToken;
use super::{Response, json_response};

/// The requirements of a control port.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    /// The token that every request needs.
    pub(super) token: ControlToken,
    /// Whether `Host` must name loopback. Beyond loopback the port has names of its own, and the token alone decides.
    pub(super) requires_loopback_host: bool,
}

/// The reason that a request is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Rejection {
    #[error("this port accepts no request of a web page: it has the header Origin")]
    Origin,
    #[error(
        "this port is reached as localhost, 127.0.0.1 or [::1], not by the Host of this request"
    )]
    Host,
    #[error(
        "send `Authorization: Bearer TOKEN`, with the token of the ready line or of MAYFLY_CONTROL_TOKEN"
    )]
    Token,
    #[error("send `Content-Type: application/json`, also without a body")]
    ContentType,
}

impl Gate {
    /// Checks the head of a request.
    pub(super) fn check(&self, head: &Parts) -> Result<(), Rejection> {
        if head.headers.contains_key(header::ORIGIN) {
            return Err(Rejection::Origin);
        }
        if self.requires_loopback_host && !names_loopback(head) {
            return Err(Rejection::Host);
        }
        if !self.has_token(&head.headers) {
            return Err(Rejection::Token);
        }
        let only_reads = [Method::GET, Method::HEAD].contains(&head.method);
        if !only_reads && !has_json_type(&head.headers) {
            return Err(Rejection::ContentType);
        }
        Ok(())
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let value = only(headers, &header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        value.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && self.token.is(token)
        })
    }
}

impl Rejection {
    pub(super) fn into_response(self) -> Response {
        let mut response = json_response(self.status(), &json!({ "error": self.to_string() }));
        if self == Self::Token {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

/// Returns whether `Host`, and the URI if it has a host, name loopback. An address of loopback in digits is no name that
/// the owner of a domain can resolve to it.
fn names_loopback(head: &Parts) -> bool {
    let host = only(&head.headers, &header::HOST).map(Authority::from_str);
    let host = host.and_then(Result::ok);
    host.is_some_and(|host| is_loopback(&host)) && head.uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    is_localhost(authority) || address_of(authority).is_some_and(|address| address.is_loopback())
}

fn is_localhost(authority: &Authority) -> bool {
    authority.host().eq_ignore_ascii_case("localhost")
}

fn address_of(authority: &Authority) -> Option<IpAddr> {
    let host = authority.host();
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

/// Returns whether a browser sends a request for a page that did not come from this port itself. A name other than
/// localhost does not prove that it did: the owner of a domain can resolve it to any address.
pub(super) fn is_of_another_site(head: &Parts) -> bool {
    if !head.headers.contains_key(header::ORIGIN) {
        return false;
    }
    let host = only(&head.headers, &header::HOST).map(Authority::from_str).and_then(Result::ok);
    let origin = only(&head.headers, &header::ORIGIN).map(Uri::from_str).and_then(Result::ok);
    let is_own =
        origin.as_ref().and_then(Uri::authority).zip(host).is_some_and(|(origin, host)| {
            *origin == host && (is_localhost(&host) || address_of(&host).is_some())
        });
    !is_own
}

fn has_json_type(headers: &HeaderMap) -> bool {
    only(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// Returns the value of a header that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn gate(requires_loopback_host: bool) -> Gate {
        let token = ControlToken::chosen(TOKEN).expect("a long token");
        Gate { token, requires_loopback_host }
    }

    /// Headers that differ from those of a correct request; an empty value removes one.
    type Changes = &'static [(&'static str, &'static str)];

    /// Returns the result for a request that is correct apart from these headers; an empty value removes one.
    fn check(
        gate: &Gate,
        method: &str,
        uri: &str,
        changes: &[(&str, &str)],
    ) -> Result<(), Rejection> {
        let bearer = format!("Bearer {TOKEN}");
        let correct = [
            ("host", "127.0.0.1:7171"),
            ("authorization", &*bearer),
            ("content-type", "application/json"),
        ];
        let kept = correct.iter().filter(|(name, _)| !changes.iter().any(|(it, _)| it == name));
        let changed = changes.iter().filter(|(_, value)| !value.is_empty());
        let request = kept
            .chain(changed)
            .fold(http::Request::builder().method(method).uri(uri), |request, (name, value)| {
                request.header(*name, *value)
            });
        gate.check(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn each_violation_alone_is_rejected() {
        let cases: [(&str, &str, Changes, Rejection); 25] = [
            ("POST", "/jobs", &[("origin", "https://evil.example")], Rejection::Origin),
            ("GET", "/jobs", &[("origin", "null")], Rejection::Origin),
            ("POST", "/jobs", &[("origin", "http://127.0.0.1:7171")], Rejection::Origin),
            ("OPTIONS", "/jobs", &[("origin", "https://evil.example")], Rejection::Origin),
            ("POST", "/jobs", &[("host", "evil.example:7171")], Rejection::Host),
            ("GET", "/jobs", &[("host", "evil.example")], Rejection::Host),
            ("GET", "/jobs", &[("host", "localhost.evil.example")], Rejection::Host),
            ("GET", "/jobs", &[("host", "127.0.0.1.evil.example")], Rejection::Host),
            ("GET", "/jobs", &[("host", "localhost@evil.example")], Rejection::Host),
            ("GET", "/jobs", &[("host", "0.0.0.0:7171")], Rejection::Host),
            ("GET", "/jobs", &[("host", "[::]:7171")], Rejection::Host),
            ("GET", "/jobs", &[("host", "10.0.0.4")], Rejection::Host),
            ("GET", "/jobs", &[("host", "")], Rejection::Host),
            ("GET", "/jobs", &[("host", "localhost"), ("host", "evil.example")], Rejection::Host),
            ("GET", "http://evil.example/jobs", &[], Rejection::Host),
            ("POST", "/jobs", &[("authorization", "")], Rejection::Token),
            ("GET", "/jobs", &[("authorization", "")], Rejection::Token),
            ("OPTIONS", "/jobs", &[("authorization", "")], Rejection::Token),
            ("GET", "/jobs", &[("authorization", "Bearer 0123456789abcdeF")], Rejection::Token),
            ("GET", "/jobs", &[("authorization", "Bearer 0123456789abcde")], Rejection::Token),
            ("GET", "/jobs", &[("authorization", "Basic 0123456789abcdef")], Rejection::Token),
            ("POST", "/jobs", &[("content-type", "text/plain")], Rejection::ContentType),
            (
                "POST",
                "/jobs",
                &[("content-type", "text/plain; a=application/json")],
                Rejection::ContentType,
            ),
            ("DELETE", "/faults", &[("content-type", "")], Rejection::ContentType),
            (
                "PUT",
                "/restrictions",
                &[("content-type", "application/x-www-form-urlencoded")],
                Rejection::ContentType,
            ),
        ];
        for (method, uri, changes, expected) in cases {
            let result = check(&gate(true), method, uri, changes);
            assert_eq!(result, Err(expected), "{method} {uri} {changes:?}");
        }
    }

    #[test]
    fn an_emulated_api_serves_pages_of_its_own_address_only() {
        for (origin, host, expected) in [
            (None, "evil.example:7070", false),
            (Some("http://127.0.0.1:7070"), "127.0.0.1:7070", false),
            (Some("http://LOCALHOST:7070"), "localhost:7070", false),
            (Some("https://[::1]:7070"), "[::1]:7070", false),
            (Some("http://10.0.0.4:7070"), "10.0.0.4:7070", false),
            (Some("http://evil.example"), "127.0.0.1:7070", true),
            (Some("http://evil.example:7070"), "evil.example:7070", true),
            (Some("http://127.0.0.1:8080"), "127.0.0.1:7070", true),
            (Some("null"), "127.0.0.1:7070", true),
            (Some("null"), "null", true),
            (Some(""), "127.0.0.1:7070", true),
        ] {
            let request = http::Request::builder().header("host", host);
            let request =
                origin.into_iter().fold(request, |it, origin| it.header("origin", origin));
            let head = request.body(()).expect("a request").into_parts().0;
            assert_eq!(is_of_another_site(&head), expected, "{origin:?} {host}");
        }
    }

    #[test]
    fn a_correct_request_passes_in_each_form() {
        let cases: [(&str, Changes); 8] = [
            ("POST", &[]),
            ("GET", &[("content-type", "")]),
            ("HEAD", &[("content-type", "")]),
            ("POST", &[("content-type", "Application/JSON; charset=utf-8")]),
            ("GET", &[("host", "localhost")]),
            ("GET", &[("host", "LocalHost:7171")]),
            ("GET", &[("host", "[::1]:7171")]),
            ("GET", &[("authorization", "bearer 0123456789abcdef")]),
        ];
        for (method, changes) in cases {
            assert_eq!(
                check(&gate(true), method, "/jobs", changes),
                Ok(()),
                "{method} {changes:?}"
            );
        }
    }

    #[test]
    fn beyond_loopback_the_token_decides_and_not_the_host() {
        let other = ("host", "emulators:7171");
        assert_eq!(check(&gate(false), "POST", "/jobs", &[other]), Ok(()));
        for (name, value, expected) in [
            ("origin", "http://emulators:7171", Rejection::Origin),
            ("authorization", "", Rejection::Token),
            ("content-type", "text/plain", Rejection::ContentType),
        ] {
            let result = check(&gate(false), "POST", "/jobs", &[other, (name, value)]);
            assert_eq!(result, Err(expected), "{name}");
        }
    }
}
