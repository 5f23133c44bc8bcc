//! The description of a request to GitHub.

use http::{Method, header};
use url::Url;

use super::budget::{Purpose, RequestCost, WRITE};
use crate::repository::Repository;
use crate::transport::request_to;

/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// The name of the operation in errors.
    pub(super) name: &'static str,
    pub(super) method: &'a Method,
    /// The path below the URL of the API.
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The entity tag of the cached response, for a conditional request.
    pub(super) etag: Option<&'a str>,
    /// Whether it registers a runner.
    pub(super) registers: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(name: &'static str, method: &'a Method, path: &'a str) -> Self {
        Self { name, method, path, query: &[], etag: None, registers: false }
    }

    pub(super) fn cost(&self, purpose: Purpose) -> RequestCost<'a> {
        RequestCost {
            call: self.name,
            points: if *self.method == Method::GET { 1 } else { WRITE },
            registers_at: self.registers.then_some(self.path),
            purpose,
        }
    }
}

/// Starts the HTTP request of a call to a URL.
pub(super) fn request(call: &Call<'_>, url: &Url) -> http::request::Builder {
    let request = request_to(call.method, url)
        .header(header::ACCEPT, "application/vnd.github+json")
        .header("X-GitHub-Api-Version", API_VERSION);
    match call.etag {
        Some(etag) => request.header(header::IF_NONE_MATCH, etag),
        None => request,
    }
}

/// Returns the user or organization in a path. An enterprise is none: its runners serve all of its organizations.
pub(super) fn account_in(path: &str) -> Option<&str> {
    let mut segments = path.split('/');
    // Anyone can read the repository of GitHub's runner.
    let level = segments.next().filter(|_| !path.starts_with("repos/actions/runner/"))?;
    segments.next().filter(|_| ["repos", "orgs"].contains(&level))
}

/// Returns the repository in a path.
pub(super) fn repository_in(path: &str) -> Option<Repository> {
    account_in(path)?;
    let mut segments = path.strip_prefix("repos/")?.split('/');
    Repository::try_from(format!("{}/{}", segments.next()?, segments.next()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_account() {
        assert_eq!(account_in("repos/octo/app/actions/jobs/7"), Some("octo"));
        assert_eq!(account_in("orgs/octo/actions/runners"), Some("octo"));
        for path in [
            "enterprises/acme/actions/runners",
            "user/repos",
            "repos/actions/runner/releases",
            "app/installations",
            "meta",
        ] {
            assert_eq!(account_in(path), None, "{path}");
        }
    }
}
