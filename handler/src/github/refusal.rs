//! Refusals of the credential: why GitHub refused it, for which account and operation, and what an operator can do.

use std::fmt;

use http::StatusCode;

use crate::json::shortened;
use crate::repository::Repository;
use crate::transport::Response;

/// A request whose credential GitHub refused. What it would have shown is unknown, not absent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{call} failed with {status}: {}", advice(.cause, subject(.cause, .account.as_deref(), .repository.as_ref())))]
pub struct Refusal {
    /// The operation.
    pub call: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The user, organization or enterprise that the request was about.
    pub account: Option<String>,
    /// The repository that the request was about.
    pub repository: Option<Repository>,
    /// The cause.
    pub cause: RefusalCause,
}

/// Why GitHub refused a credential.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RefusalCause {
    /// The token has expired or was revoked, or the id or the key of the App is wrong.
    BadCredentials,
    /// The organization enforces single sign-on, and the token is not authorized for it.
    SingleSignOn,
    /// The organization has an IP allow list.
    IpAllowList,
    /// The account has suspended the installation of the App.
    Suspended,
    /// The App is not installed on the account.
    NotInstalled,
    /// A permission is missing: this one, if GitHub names it.
    Permission(Option<String>),
    /// GitHub shows no such repository or list of runners to the credential.
    Hidden,
    /// GitHub gave no reason that is known here.
    Unknown,
}

impl Refusal {
    /// Describes it with its account, for alerts and Status.
    pub fn report(&self) -> String {
        let account = self.account.as_ref();
        let of = account.map(|account| format!(" for {account}")).unwrap_or_default();
        format!("GitHub refused the token ({}){of}: {self}", self.status.as_u16())
    }

    /// Returns the repository whose requests alone are refused; `None` if the cause concerns the whole account, or the
    /// request was about the account.
    pub fn of_repository_alone(&self) -> Option<&Repository> {
        self.repository.as_ref().filter(|_| self.cause.may_be_of_repository())
    }
}

impl RefusalCause {
    /// Reads the cause from a response with status 401 or 403.
    ///
    /// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>; the texts are those of
    /// <https://github.com/octokit/octokit.rb/pull/1307> and
    /// <https://github.com/SalesforceFoundation/NPSP/issues/7247>.
    pub(super) fn of(response: &Response) -> Self {
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let message = String::from_utf8_lossy(response.body()).to_ascii_lowercase();
        let says = |words: &str| message.contains(words);
        match response.status() {
            StatusCode::UNAUTHORIZED => Self::BadCredentials,
            _ if header("x-github-sso").is_some() || says("saml enforcement") => Self::SingleSignOn,
            _ if says("ip allow list") => Self::IpAllowList,
            _ if says("installation has been suspended") => Self::Suspended,
            _ if says("resource not accessible by") || says("must have admin rights") => {
                Self::Permission(header("x-accepted-github-permissions").map(shortened))
            }
            _ => Self::Unknown,
        }
    }

    /// Returns whether the cause concerns one repository, if the request was about one.
    fn may_be_of_repository(&self) -> bool {
        self.is_of_operation() || *self == Self::Hidden
    }

    /// Returns whether the cause concerns one operation: another one may be permitted.
    pub fn is_of_operation(&self) -> bool {
        matches!(self, Self::Permission(_) | Self::Unknown)
    }
}

/// Returns what a cause concerns: the repository alone, or the account.
fn subject(
    cause: &RefusalCause,
    account: Option<&str>,
    repository: Option<&Repository>,
) -> Option<String> {
    let alone = repository.filter(|_| cause.may_be_of_repository());
    alone.map(Repository::to_string).or(account.map(str::to_owned))
}

/// Returns what an operator can do, with the account or the repository if it is known.
fn advice(cause: &RefusalCause, subject: Option<String>) -> String {
    let of = |account: &dyn fmt::Display| {
        match cause {
        RefusalCause::SingleSignOn => {
            format!("authorize the token of setting GithubToken for the single sign-on of {account}")
        }
        RefusalCause::IpAllowList => {
            format!("add the address of the function app to the IP allow list of {account}")
        }
        RefusalCause::Suspended => {
            format!("{account} has suspended the installation of the GitHub App: resume it")
        }
        RefusalCause::NotInstalled => {
            format!("the GitHub App is not installed on {account}, or setting AllowedRepositories names it wrongly")
        }
        RefusalCause::BadCredentials => {
            "check the token of setting GithubToken, or the id and the key of the GitHub App: it is wrong, has expired, or was revoked".to_owned()
        }
        RefusalCause::Permission(Some(permission)) => {
            format!("check the token of setting GithubToken, or the GitHub App, and its permissions for {account}: GitHub requires {permission}")
        }
        RefusalCause::Permission(None) => {
            format!("check the token of setting GithubToken, or the GitHub App, and its permissions for {account}")
        }
        RefusalCause::Hidden => {
            format!("GitHub shows the token nothing of {account}: check that setting AllowedRepositories names it correctly, and that the token of setting GithubToken, or the GitHub App, has access to it and the permissions")
        }
        RefusalCause::Unknown => {
            format!("check the token of setting GithubToken, or the GitHub App, and its permissions for {account}, its authorization for single sign-on, and GitHub's IP allow list")
        }
    }
    };
    match subject {
        Some(subject) => of(&subject),
        None => of(&"the account"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn refusal(status: u16, headers: &[(&str, &str)], message: &str) -> String {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(Bytes::from(format!(r#"{{"message":"{message}"}}"#)));
        let response = response.expect("a response");
        let cause = RefusalCause::of(&response);
        let (status, account) = (response.status(), Some("octo".to_owned()));
        Refusal { call: "listing", status, account, repository: None, cause }.to_string()
    }

    #[test]
    fn each_cause_says_what_to_do() {
        let sso = [("x-github-sso", "required; url=https://github.com/orgs/octo/sso")];
        let accepted = [("x-accepted-github-permissions", "administration=write")];
        let texts = [
            refusal(401, &[], "Bad credentials"),
            refusal(403, &sso, "Resource protected by organization SAML enforcement."),
            refusal(403, &[], "the `octo` organization has an IP allow list enabled"),
            refusal(403, &[], "This installation has been suspended"),
            refusal(403, &accepted, "Resource not accessible by integration"),
            refusal(403, &[], "Resource not accessible by personal access token"),
            refusal(403, &[], "Forbidden"),
        ];
        insta::assert_snapshot!(texts.join("\n"), @r"
        listing failed with 401 Unauthorized: check the token of setting GithubToken, or the id and the key of the GitHub App: it is wrong, has expired, or was revoked
        listing failed with 403 Forbidden: authorize the token of setting GithubToken for the single sign-on of octo
        listing failed with 403 Forbidden: add the address of the function app to the IP allow list of octo
        listing failed with 403 Forbidden: octo has suspended the installation of the GitHub App: resume it
        listing failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions for octo: GitHub requires administration=write
        listing failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions for octo
        listing failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions for octo, its authorization for single sign-on, and GitHub's IP allow list
        ");
    }
}
