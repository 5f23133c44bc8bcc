//! Decides which redirects are followed. GitHub redirects requests for a repository that was renamed or transferred to
//! `/repositories/ID/…` of the same host.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>

use http::StatusCode;
use url::Url;

/// Maximum number of redirects of one request.
pub(super) const MAX_REDIRECTS: usize = 3;

/// Returns whether a response redirects the request. A redirect keeps method and body, whatever its status: a
/// registration must not become a read.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 307 | 308)
}

/// Returns the URL that a redirect leads to, if it is below the URL of the API on the same scheme, host and port. The
/// request carries the credential, so a response must not choose where it is sent.
pub(super) fn target(api: &Url, from: &Url, location: &str) -> Option<Url> {
    let mut to = from.join(location).ok()?;
    to.set_fragment(None);
    let base = api.path().trim_end_matches('/');
    let below = to.path().strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    let plain = to.username().is_empty() && to.password().is_none();
    (plain && below && to.origin() == api.origin()).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(api: &str, location: &str) -> Option<String> {
        let api: Url = api.parse().expect("a URL");
        let from = api.join("repos/octo/app/actions/jobs/7").expect("a URL");
        target(&api, &from, location).map(String::from)
    }

    #[test]
    fn a_redirect_stays_below_the_url_of_the_api() {
        let same = "https://api.github.com/repositories/7/actions/jobs/7?page=2";
        assert_eq!(followed("https://api.github.com", same).as_deref(), Some(same));
        let relative = followed("https://api.github.com", "/repositories/7");
        assert_eq!(relative.as_deref(), Some("https://api.github.com/repositories/7"));
        let port = followed("https://api.github.com", "https://api.github.com:443/repositories/7");
        assert_eq!(port.as_deref(), Some("https://api.github.com/repositories/7"));
        let server = "https://git.corp/api/v3/repositories/7";
        assert_eq!(followed("https://git.corp/api/v3/", server).as_deref(), Some(server));
    }

    #[test]
    fn a_redirect_to_another_place_is_not_followed() {
        for location in [
            "https://github.com/repositories/7",
            "http://api.github.com/repositories/7",
            "https://api.github.com:8443/repositories/7",
            "//evil.example/repositories/7",
            "https://user:key@api.github.com/repositories/7",
            "https://api.github.com.evil.example/",
            "javascript:alert(1)",
            "https://[",
        ] {
            assert_eq!(followed("https://api.github.com", location), None, "{location}");
        }
        for location in
            ["https://git.corp/login", "/api/v3evil/repositories/7", "/api/v3/../../login"]
        {
            assert_eq!(followed("https://git.corp/api/v3/", location), None, "{location}");
        }
    }
}
