//! Decides which requests the port of `mayfly status --web` answers.
//!
//! A page of another site may make the browser send requests to loopback, also by a name that its owner resolves to
//! loopback; other users and programs of the machine can connect to any port. So `Host` must name loopback, `Origin` and
//! `Sec-Fetch-Site` must be those of the page itself, and its calls need the token of this run.

use emulator_core::service::{ControlToken, has_json_type, is_of_another_site, names_loopback};
use http::request::Parts;
use http::{Method, StatusCode};

/// The header in which the page sends its key.
const KEY: &str = "x-functions-key";

/// The requirements of the port.
#[derive(Debug)]
pub(super) struct Gate {
    /// The token that each call needs as its key.
    pub(super) token: ControlToken,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// The page, which has no data and needs no token.
    Page,
    Status,
    Operate,
}

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Rejection {
    #[error("this port is reached as localhost, 127.0.0.1 or [::1]")]
    Host,
    #[error("this port accepts no request of another site's page")]
    OtherSite,
    #[error("this port has /api/StatusPage, /api/Status and /api/Operate")]
    NoSuchPath,
    #[error(
        "the key is not that of this run: use the address that `mayfly status --web` printed last"
    )]
    Token,
    #[error("send `Content-Type: application/json`")]
    ContentType,
}

impl Gate {
    /// Checks the head of a request, and returns what it asks for.
    pub(super) fn check(&self, head: &Parts) -> Result<Target, Rejection> {
        if !names_loopback(head) {
            return Err(Rejection::Host);
        }
        if is_of_another_site(head) {
            return Err(Rejection::OtherSite);
        }
        let target = target(head).ok_or(Rejection::NoSuchPath)?;
        if target != Target::Page && !self.has_token(head) {
            return Err(Rejection::Token);
        }
        if target == Target::Operate && !has_json_type(&head.headers) {
            return Err(Rejection::ContentType);
        }
        Ok(target)
    }

    fn has_token(&self, head: &Parts) -> bool {
        let mut keys = head.headers.get_all(KEY).iter();
        let key = keys.next().and_then(|key| key.to_str().ok());
        keys.next().is_none() && key.is_some_and(|key| self.token.is(key))
    }
}

fn target(head: &Parts) -> Option<Target> {
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/api/StatusPage") => Some(Target::Page),
        (&Method::GET, "/api/Status") => Some(Target::Status),
        (&Method::POST, "/api/Operate") => Some(Target::Operate),
        _ => None,
    }
}

impl Rejection {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    fn check(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Target, Rejection> {
        let mut request = http::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:4711");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        Gate { token: ControlToken::chosen(TOKEN).expect("a token") }.check(&head)
    }

    #[test]
    fn the_page_needs_no_token_and_its_calls_do() {
        assert_eq!(check("GET", "/api/StatusPage", &[]), Ok(Target::Page));
        assert_eq!(check("GET", "/api/Status", &[(KEY, TOKEN)]), Ok(Target::Status));
        assert_eq!(check("POST", "/api/Operate", &[(KEY, TOKEN), JSON]), Ok(Target::Operate));
        for keys in [&[][..], &[(KEY, "0123456789abcdee")], &[(KEY, TOKEN), (KEY, TOKEN)]] {
            assert_eq!(check("GET", "/api/Status", keys), Err(Rejection::Token), "{keys:?}");
        }
        assert_eq!(check("GET", &format!("/api/Status?code={TOKEN}"), &[]), Err(Rejection::Token));
        assert_eq!(check("POST", "/api/Operate", &[JSON]), Err(Rejection::Token));
        for kind in ["", "text/plain", "application/x-www-form-urlencoded"] {
            let headers = [(KEY, TOKEN), ("content-type", kind)];
            assert_eq!(check("POST", "/api/Operate", &headers), Err(Rejection::ContentType));
        }
    }

    #[test]
    fn no_other_site_reaches_the_port() {
        for host in ["", "evil.example:4711", "127.0.0.1.evil.example", "192.168.1.2:4711"] {
            for path in ["/api/StatusPage", "/api/Status"] {
                let headers = [("host", host), (KEY, TOKEN)];
                assert_eq!(check("GET", path, &headers), Err(Rejection::Host), "{host}");
            }
        }
        for host in ["localhost:4711", "[::1]:4711", "127.0.0.1:4711"] {
            let own = format!("http://{host}");
            let headers =
                [("host", host), (KEY, TOKEN), ("origin", &own), ("sec-fetch-site", "same-origin")];
            assert_eq!(check("GET", "/api/Status", &headers), Ok(Target::Status), "{host}");
        }
        for origin in ["null", "https://evil.example", "http://127.0.0.1:8080"] {
            let headers = [(KEY, TOKEN), JSON, ("origin", origin)];
            assert_eq!(check("POST", "/api/Operate", &headers), Err(Rejection::OtherSite));
        }
        let headers = [("sec-fetch-site", "cross-site")];
        assert_eq!(check("GET", "/api/StatusPage", &headers), Err(Rejection::OtherSite));
    }

    #[test]
    fn there_is_nothing_else() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/api/Operate"),
            ("POST", "/api/Status"),
            ("OPTIONS", "/api/Operate"),
            ("GET", "/api/StatusPage/../ClaimRunner"),
            ("POST", "/api/ProvideActionsRunner"),
        ] {
            let checked = check(method, path, &[(KEY, TOKEN), JSON]);
            assert_eq!(checked, Err(Rejection::NoSuchPath), "{method} {path}");
        }
    }
}
