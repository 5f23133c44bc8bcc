//! Authenticates the handler to GitHub: with a personal access token, or as an installation of a GitHub App.
//!
//! The token of an installation expires after an hour; its format and length are opaque. However many callers wait,
//! only one of them requests a token, and requests the next one before that expires.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use rustls::crypto::ring::default_provider;
use serde::Deserialize;

use super::client::{Call, Github};
use super::error::GithubError;
use super::pages::List;
use super::response::parse;
use super::tokens::{Account, Authorization, Credentials, Installation, InstallationToken};
use crate::secret::Secret;
use crate::settings::GithubApp;

/// A token that expires within this time is not used, so that it cannot expire during a registration.
const REFRESH_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// The path of the App's installations, which is requested as the App itself.
const INSTALLATIONS: &str = "app/installations";
/// The path of the App's webhook, which is requested as the App itself.
pub(super) const APP_WEBHOOK: &str = "app/hook";
const FIND_INSTALLATION: &str =
    "finding the installation of the GitHub App (install it for the owner of the repository)";
/// Maximum number of pages. A private App is not installed on more than a thousand accounts.
const MAX_PAGES: usize = 10;

/// How to find the installation for a request.
enum Lookup {
    /// By the path where GitHub returns the installation of the request's owner.
    At(String),
    /// By its id.
    Known(u64),
    /// Any installation will do.
    Any,
}

#[derive(Deserialize)]
struct TokenBody {
    token: String,
    expires_at: DateTime<Utc>,
}

impl Github {
    /// Returns the token for a request to a path.
    pub(super) async fn authorization(&self, path: &str) -> Result<Authorization, GithubError> {
        let (app, accounts) = match self.credentials() {
            Credentials::Token(token) => {
                return Ok(Authorization {
                    token: token.clone(),
                    payer: String::new(),
                    account: None,
                });
            }
            Credentials::App { app, accounts } => (app, accounts),
        };
        if path == INSTALLATIONS || path.starts_with(APP_WEBHOOK) {
            return Ok(self.as_app(app));
        }
        let (owner, lookup) = match (installed_at(path), self.account()) {
            (Some((owner, path)), _) => (owner, Lookup::At(path)),
            (None, Some(Installation { id, account })) => {
                (account.login.to_ascii_lowercase(), Lookup::Known(*id))
            }
            (None, None) => (String::new(), Lookup::Any),
        };
        let account = {
            let mut accounts = accounts.lock().expect("no holder of this lock can panic");
            Arc::clone(accounts.entry(owner.clone()).or_default())
        };
        let token = self.token_of(&account, app, &lookup).await?;
        Ok(Authorization { token, payer: owner, account: Some(account) })
    }

    async fn token_of(
        &self,
        account: &Account,
        app: &GithubApp,
        lookup: &Lookup,
    ) -> Result<Secret, GithubError> {
        let mut cached = account.token.lock().await;
        let now = self.now();
        let usable = |token: &&InstallationToken| token.expires_at - REFRESH_MARGIN > now;
        if let Some(token) = cached.as_ref().filter(usable) {
            return Ok(token.token.clone());
        }
        let new = self.installation_token(app, lookup).await?;
        Ok(cached.insert(new).token.clone())
    }

    /// Discards a token that GitHub has rejected, if it is still in use. Returns whether another token can be
    /// requested.
    pub(super) async fn renews(&self, authorization: &Authorization) -> bool {
        let Some(account) = &authorization.account else { return false };
        let mut token = account.token.lock().await;
        if token.as_ref().is_some_and(|token| token.token.expose() == authorization.token.expose())
        {
            *token = None;
        }
        true
    }

    fn as_app(&self, app: &GithubApp) -> Authorization {
        let mut serial = [0; 16];
        let random = default_provider().secure_random.fill(&mut serial);
        random.expect("the system gives random bytes");
        let token = app.key.jwt(&app.id, serial, self.now());
        Authorization { token, payer: "the App".to_owned(), account: None }
    }

    async fn installation_token(
        &self,
        app: &GithubApp,
        lookup: &Lookup,
    ) -> Result<InstallationToken, GithubError> {
        let id = self.installation(app, lookup).await?;
        let name = "obtaining a token of the GitHub App's installation";
        let path = format!("app/installations/{id}/access_tokens");
        let call = Call::new(name, &Method::POST, &path);
        let response = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        let TokenBody { token, expires_at } = parse(name, &response)?;
        Ok(InstallationToken { token: Secret::new(token), expires_at })
    }

    /// Returns the id of the installation for a path. It is never cached: an App that is uninstalled and installed
    /// again has another one.
    async fn installation(&self, app: &GithubApp, lookup: &Lookup) -> Result<u64, GithubError> {
        let path = match lookup {
            Lookup::Known(id) => return Ok(*id),
            Lookup::At(path) => path,
            Lookup::Any => INSTALLATIONS,
        };
        let call = Call::new(FIND_INSTALLATION, &Method::GET, path);
        let found = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        if let Lookup::Any = lookup {
            let all: Vec<Installation> = parse(FIND_INSTALLATION, &found)?;
            let first = all.first().map(|one| one.id);
            return first.ok_or(GithubError::NotFound { call: FIND_INSTALLATION });
        }
        Ok(parse::<Installation>(FIND_INSTALLATION, &found)?.id)
    }

    /// Returns a client for each account on which the App is installed, or with a token this client only.
    ///
    /// Its requests whose path names no owner are about the account.
    pub(super) async fn for_each_account(&self) -> Result<Vec<Self>, GithubError> {
        if let Credentials::Token(_) = self.credentials() {
            return Ok(vec![self.clone()]);
        }
        let list = List { call: FIND_INSTALLATION, path: INSTALLATIONS, query: &[], field: None };
        let all = self.list::<Installation>(&list, MAX_PAGES).await?.items;
        Ok(all.into_iter().map(|one| self.on(one)).collect())
    }

    /// Returns whether the credential is a GitHub App.
    pub fn is_app(&self) -> bool {
        matches!(self.credentials(), Credentials::App { .. })
    }
}

/// Returns the owner in a path, and the path of the App's installation for it.
fn installed_at(path: &str) -> Option<(String, String)> {
    // Anyone can read the repository of GitHub's runner, but the App is not installed on it.
    if path.starts_with("repos/actions/runner/") {
        return None;
    }
    let mut segments = path.split('/');
    let (owner, installation) = match (segments.next()?, segments.next()?, segments.next()) {
        ("repos", owner, Some(name)) => (owner, format!("repos/{owner}/{name}/installation")),
        ("orgs", owner, _) => (owner, format!("orgs/{owner}/installation")),
        _ => return None,
    };
    Some((owner.to_ascii_lowercase(), installation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_found_by_the_owner_in_a_path() {
        let at = |path: &str| installed_at(path).map(|(owner, path)| format!("{owner} {path}"));
        let found = at("repos/Octo/app/actions/jobs/7");
        assert_eq!(found.as_deref(), Some("octo repos/Octo/app/installation"));
        let found = at("orgs/octo/actions/runners");
        assert_eq!(found.as_deref(), Some("octo orgs/octo/installation"));
        assert_eq!(at("meta"), None);
        assert_eq!(at("repos/actions/runner/releases"), None);
    }
}
