//! Decides whether a caller's key opens a function.

use super::definitions::Level;
use emulator_core::service::Request;

/// The keys that the host knows.
#[derive(Clone)]
pub(super) struct Keys {
    /// The default key of every function.
    pub(super) function: String,
    /// The master key, which opens everything.
    pub(super) master: String,
}

impl Keys {
    /// Tells whether a request may call a function of this level.
    pub(super) fn admit(&self, level: Level, request: &Request) -> bool {
        let given = presented(request);
        let opens = |key: &str| !key.is_empty() && given.as_deref() == Some(key);
        match level {
            Level::Anonymous => true,
            Level::Function => opens(&self.function) || opens(&self.master),
            Level::Admin => opens(&self.master),
        }
    }
}

/// Finds the key that a request presents: in the header, and only without one in the query.
fn presented(request: &Request) -> Option<String> {
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
    fn check(level: Level, target: &str, header: Option<&str>, expected: bool) {
        let mut request = http::Request::post(target);
        if let Some(key) = header {
            request = request.header("x-functions-key", key);
        }
        let request = request.body(Bytes::new()).expect("a request");
        let keys = Keys { function: "k+1".to_owned(), master: "m".to_owned() };
        assert_eq!(keys.admit(level, &request), expected, "{level:?} {target} {header:?}");
    }

    #[test]
    fn a_key_opens_what_its_level_allows() {
        check(Level::Anonymous, "/api/f", None, true);
        check(Level::Function, "/api/f", None, false);
        check(Level::Function, "/api/f?code=", None, false);
        check(Level::Function, "/api/f?code=k%2B1", None, true);
        check(Level::Function, "/api/f?code=k%2B1", Some("wrong"), false);
        check(Level::Function, "/api/f?code=wrong", Some("k+1"), true);
        check(Level::Admin, "/admin/x", Some("k+1"), false);
        check(Level::Admin, "/admin/x", Some("m"), true);
    }
}
