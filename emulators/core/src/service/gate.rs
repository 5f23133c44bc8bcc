//! The gate of a control port: which requests may change an emulator or read its lists.
//!
//! A control port runs scripts as the user who started it. A web page in that user's browser must not reach it: not by a
//! cross-site request (`Origin`, and `Sec-Fetch-Site`, which browsers also send with the requests of images and links), not
//! by a request without a preflight (the token's header and the JSON content type require one, which is never answered
//! with permission), and not by a name that the page's owner resolves to loopback (`Host`). Other users of the machine do
//! not know the token.
//!
//! <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>

use std::net::IpAddr;
use std::str::FromStr;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::json;

use super::control::ControlToken;
use super::{Response, json_response};

/// The header in which a browser states the site of the page that made it send a request. Browsers let no page set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
        "this port accepts no request of a web page: its Sec-Fetch-Site is neither none nor same-origin"
    )]
    FetchSite,
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
        if FetchSite::of(&head.headers) == FetchSite::Other {
            return Err(Rejection::FetchSite);
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
            Self::Origin | Self::FetchSite => StatusCode::FORBIDDEN,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

/// Returns whether `Host`, and the URI if it has a host, name loopback. An address of loopback in digits is no name that
/// the owner of a domain can resolve to it.
pub fn names_loopback(head: &Parts) -> bool {
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

/// What `Sec-Fetch-Site` says about the page that a browser sends a request for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FetchSite {
    /// The client is no browser, or one that does not trust the connection: plain HTTP beyond loopback.
    Absent,
    /// No page: the user entered the address.
    None,
    /// A page of this port.
    SameOrigin,
    /// Another page, such as one of another port; or a value that is not known.
    Other,
}

impl FetchSite {
    fn of(headers: &HeaderMap) -> Self {
        if !headers.contains_key(SEC_FETCH_SITE) {
            return Self::Absent;
        }
        match only(headers, &SEC_FETCH_SITE) {
            Some("none") => Self::None,
            Some("same-origin") => Self::SameOrigin,
            _ => Self::Other,
        }
    }
}

/// Returns whether a browser sends a request for a page that did not come from this port itself. A name other than
/// localhost does not prove that it did: the owner of a domain can resolve it to any address.
///
/// A browser sends `Origin` with a request that may change something or whose answer a script may read; with others, such
/// as those of images and links, it sends only `Sec-Fetch-Site`.
pub fn is_of_another_site(head: &Parts) -> bool {
    let host = only(&head.headers, &header::HOST).map(Authority::from_str).and_then(Result::ok);
    let host = host.filter(|host| is_localhost(host) || address_of(host).is_some());
    let is_own_site = match FetchSite::of(&head.headers) {
        FetchSite::Absent | FetchSite::None => true,
        FetchSite::SameOrigin => host.is_some(),
        FetchSite::Other => false,
    };
    if !is_own_site || !head.headers.contains_key(header::ORIGIN) {
        return !is_own_site;
    }
    let origin = only(&head.headers, &header::ORIGIN).map(Uri::from_str).and_then(Result::ok);
    let is_own = origin.as_ref().and_then(Uri::authority).zip(host.as_ref());
    !is_own.is_some_and(|(origin, host)| origin == host)
}

/// Returns whether the body of a request is declared as JSON, which no form of another site can send without permission.
pub fn has_json_type(headers: &HeaderMap) -> bool {
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
        let cases: [(&str, &str, Changes, Rejection); 31] = [
            ("POST", "/jobs", &[("origin", "https://evil.example")], Rejection::Origin),
            ("GET", "/jobs", &[("origin", "null")], Rejection::Origin),
            ("POST", "/jobs", &[("origin", "http://127.0.0.1:7171")], Rejection::Origin),
            ("OPTIONS", "/jobs", &[("origin", "https://evil.example")], Rejection::Origin),
            ("GET", "/jobs", &[("sec-fetch-site", "cross-site")], Rejection::FetchSite),
            ("POST", "/jobs", &[("sec-fetch-site", "cross-site")], Rejection::FetchSite),
            ("GET", "/jobs", &[("sec-fetch-site", "same-site")], Rejection::FetchSite),
            ("GET", "/jobs", &[("sec-fetch-site", "None")], Rejection::FetchSite),
            (
                "GET",
                "/jobs",
                &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
                Rejection::FetchSite,
            ),
            ("HEAD", "/jobs", &[("sec-fetch-site", "any")], Rejection::FetchSite),
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
    fn an_emulated_api_serves_links_of_its_own_pages_only() {
        for (sites, host, expected) in [
            (&["none"][..], "127.0.0.1:7070", false),
            (&["none"], "emulators:7070", false),
            (&["same-origin"], "127.0.0.1:7070", false),
            (&["same-origin"], "localhost:7070", false),
            (&["same-origin"], "[::1]:7070", false),
            (&["same-origin"], "evil.example:7070", true),
            (&["same-site"], "127.0.0.1:7070", true),
            (&["cross-site"], "127.0.0.1:7070", true),
            (&["cross-site"], "emulators:7070", true),
            (&["none", "cross-site"], "127.0.0.1:7070", true),
            (&["Same-Origin"], "127.0.0.1:7070", true),
            (&["unknown"], "127.0.0.1:7070", true),
            (&[""], "127.0.0.1:7070", true),
        ] {
            let request = http::Request::builder().header("host", host);
            let request = sites.iter().fold(request, |it, site| it.header("sec-fetch-site", *site));
            let head = request.body(()).expect("a request").into_parts().0;
            assert_eq!(is_of_another_site(&head), expected, "{sites:?} {host}");
        }
        let own = http::Request::builder().header("host", "127.0.0.1:7070");
        let own = own.header("sec-fetch-site", "same-origin").header("origin", "http://a.example");
        assert!(is_of_another_site(&own.body(()).expect("a request").into_parts().0));
    }

    #[test]
    fn a_correct_request_passes_in_each_form() {
        let cases: [(&str, Changes); 11] = [
            ("POST", &[]),
            ("GET", &[("sec-fetch-site", "none")]),
            ("GET", &[("sec-fetch-site", "same-origin")]),
            ("POST", &[("sec-fetch-site", "same-origin")]),
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
