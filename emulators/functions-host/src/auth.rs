//! Function keys and access levels.

use emulator_core::service::Request;

use crate::definitions::AuthLevel;

/// The keys of the host.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The default key of every function.
    pub(crate) function: String,
    /// The master key, which allows every call.
    pub(crate) master: String,
}

impl Keys {
    /// Returns whether a request may call a function of this level.
    pub(crate) fn allow(&self, level: AuthLevel, request: &Request) -> bool {
        let presented = presented_key(request);
        let matches = |key: &str| !key.is_empty() && presented.as_deref() == Some(key);
        match level {
            AuthLevel::Anonymous => true,
            AuthLevel::Function => matches(&self.function) || matches(&self.master),
            AuthLevel::Admin => matches(&self.master),
        }
    }
}

/// Returns the key of a request: from the header, or from the query if there is no header.
fn presented_key(request: &Request) -> Option<String> {
    if let Some(header) = request.headers().get("x-functions-key") {
        return header.to_str().ok().map(str::to_owned);
    }
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name.eq_ignore_ascii_case("code")).map(|(_, key)| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[track_caller]
    fn check(level: AuthLevel, target: &str, header: Option<&str>, expected: bool) {
        let mut request = http::Request::post(target);
        if let Some(key) = header {
            request = request.header("x-functions-key", key);
        }
        let request = request.body(Bytes::new()).expect("a request");
        let keys = Keys { function: "k+1".to_owned(), master: "m".to_owned() };
        assert_eq!(keys.allow(level, &request), expected, "{level:?} {target} {header:?}");
    }

    #[test]
    fn a_key_allows_calls_of_its_level() {
        check(AuthLevel::Anonymous, "/api/f", None, true);
        check(AuthLevel::Function, "/api/f", None, false);
        check(AuthLevel::Function, "/api/f?code=", None, false);
        check(AuthLevel::Function, "/api/f?code=k%2B1", None, true);
        check(AuthLevel::Function, "/api/f?code=k%2B1", Some("wrong"), false);
        check(AuthLevel::Function, "/api/f?code=wrong", Some("k+1"), true);
        check(AuthLevel::Admin, "/admin/x", Some("k+1"), false);
        check(AuthLevel::Admin, "/admin/x", Some("m"), true);
    }
}
