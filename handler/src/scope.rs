//! The level of GitHub at which runners are registered.

use url::Url;

use crate::repository::Repository;

/// The level at which runners are registered, which determines the jobs that GitHub can assign to them.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// The job's own repository.
    Repository,
    /// The organization that owns the repository.
    Organization,
    /// The enterprise of this name.
    Enterprise(String),
}

impl Scope {
    /// Returns the API path below which runners of a repository's jobs are registered, such as `repos/octo/app`.
    pub fn api_path(&self, repository: &Repository) -> String {
        match self {
            Self::Repository => format!("repos/{repository}"),
            Self::Organization => format!("orgs/{}", repository.owner()),
            Self::Enterprise(enterprise) => format!("enterprises/{enterprise}"),
        }
    }

    /// Returns whether a runner for the jobs of one repository can be assigned the jobs of the other one.
    pub fn covers_both(&self, one: &Repository, other: &Repository) -> bool {
        self.api_path(one).eq_ignore_ascii_case(&self.api_path(other))
    }

    /// Returns the web page where a runner of a repository's jobs registers.
    pub fn runner_url(&self, web: &Url, repository: &Repository) -> String {
        let base = web.as_str().trim_end_matches('/');
        match self {
            Self::Repository => format!("{base}/{repository}"),
            Self::Organization => format!("{base}/{}", repository.owner()),
            Self::Enterprise(enterprise) => format!("{base}/enterprises/{enterprise}"),
        }
    }
}

/// Derives GitHub's web URL from the URL of its API.
///
/// `https://api.github.com` → `https://github.com`, `https://api.octo.ghe.com` → `https://octo.ghe.com`
/// (GHE.com), `https://git.corp/api/v3` → `https://git.corp` (GHES); any other URL is used for both.
pub fn web_url(api: &Url) -> Url {
    let mut web = api.clone();
    let host = api.host_str().unwrap_or_default();
    let bare = host
        .strip_prefix("api.")
        .filter(|bare| *bare == "github.com" || bare.ends_with(".ghe.com"));
    if let Some(bare) = bare {
        // The rest of a valid host name after a dot is valid.
        let _ = web.set_host(Some(bare));
    }
    let path = api.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
    web.set_path(&path);
    web
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(api: &str, scope: &Scope, expect: &str) {
        let repository = Repository::try_from("octo/app").expect("a name");
        let web = web_url(&api.parse().expect("a URL"));
        let paths =
            format!("{} {}", scope.api_path(&repository), scope.runner_url(&web, &repository));
        assert_eq!(paths, expect);
    }

    #[test]
    fn each_scope_has_its_paths_on_each_kind_of_github() {
        let enterprise = Scope::Enterprise("corp".to_owned());
        check(
            "https://api.github.com",
            &Scope::Repository,
            "repos/octo/app https://github.com/octo/app",
        );
        check(
            "https://api.octo.ghe.com/",
            &Scope::Organization,
            "orgs/octo https://octo.ghe.com/octo",
        );
        check(
            "https://git.corp/api/v3",
            &enterprise,
            "enterprises/corp https://git.corp/enterprises/corp",
        );
        check(
            "http://127.0.0.1:8080",
            &Scope::Organization,
            "orgs/octo http://127.0.0.1:8080/octo",
        );
    }
}
