//! Authenticates the handler to GitHub: with a personal access token, or as an installation of a GitHub App.
//!
//! The token of an installation expires after an hour; its format and length are opaque. However many callers wait,
//! only one of them requests a token, and requests the next one before that expires.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};
use rustls::crypto::ring::default_provider;
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

use super::call::Call;
use super::client::Github;
use super::error::GithubError;
use super::examination::APP;
use super::pages::Listed;
use super::refusal::{Refusal, RefusalCause};
use super::response::parse;
use super::tokens::{Accounts, Authorization, Credentials, Installation, InstallationToken};
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
const LIST_INSTALLATIONS: &str = "listing the installations of the GitHub App";
/// Maximum number of pages. A private App is not installed on more than a thousand accounts.
const MAX_PAGES: usize = 10;

/// How to find the installation for a request.
enum Lookup {
    /// By the path where GitHub returns the installation of the request's owner.
    At(String),
    /// It is known.
    Known(Installation),
    /// Any installation will do.
    Any,
}

/// The result of obtaining a token.
enum Obtained {
    Token(Authorization),
    /// The repository has moved to the account of this installation.
    Moved(Installation),
}

/// An account on which the App is installed.
#[derive(Clone, Debug)]
pub struct InstalledAccount {
    /// Its name.
    pub login: String,
    /// A client for requests about this account.
    pub github: Github,
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
        if path == APP || path == INSTALLATIONS || path.starts_with(APP_WEBHOOK) {
            return Ok(self.as_app(app));
        }
        let (owner, lookup) = match (installed_at(path), self.account()) {
            (Some((owner, path)), _) => (owner, Lookup::At(path)),
            (None, Some(known)) => (known.account.key(), Lookup::Known(known.clone())),
            (None, None) => (String::new(), Lookup::Any),
        };
        match self.obtain(app, accounts, &owner, &lookup).await? {
            Obtained::Token(authorization) => Ok(authorization),
            Obtained::Moved(known) => self.of_installation(app, accounts, known).await,
        }
    }

    /// Returns the token for a repository that GitHub does not show to the token of its former owner; `None` if it has
    /// not moved to another account.
    pub(super) async fn authorization_of_moved(
        &self,
        path: &str,
        denied: &Authorization,
    ) -> Result<Option<Authorization>, GithubError> {
        let Credentials::App { app, accounts } = self.credentials() else { return Ok(None) };
        let Some((_, at)) = installed_at(path).filter(|_| path.starts_with("repos/")) else {
            return Ok(None);
        };
        match self.installation_at(app, &at).await {
            Ok(known) if known.account.key() != denied.payer => {
                self.of_installation(app, accounts, known).await.map(Some)
            }
            Ok(_) | Err(GithubError::NotFound { .. }) => Ok(None),
            Err(err) => Err(err),
        }
    }

    async fn of_installation(
        &self,
        app: &GithubApp,
        accounts: &Accounts,
        known: Installation,
    ) -> Result<Authorization, GithubError> {
        let owner = known.account.key();
        match self.obtain(app, accounts, &owner, &Lookup::Known(known)).await? {
            Obtained::Token(authorization) => Ok(authorization),
            Obtained::Moved(_) => {
                Err(GithubError::NotFound { call: FIND_INSTALLATION, repository: None })
            }
        }
    }

    /// Returns the token of an owner's installation: the present one, or a new one.
    async fn obtain(
        &self,
        app: &GithubApp,
        accounts: &Accounts,
        owner: &str,
        lookup: &Lookup,
    ) -> Result<Obtained, GithubError> {
        let account = {
            let mut accounts = accounts.lock().expect("no holder of this lock can panic");
            Arc::clone(accounts.entry(owner.to_owned()).or_default())
        };
        let mut cached = account.token.lock().await;
        let now = self.now();
        let usable = |token: &&InstallationToken| token.expires_at - REFRESH_MARGIN > now;
        let token = match cached.as_ref().filter(usable) {
            Some(token) => token.token.clone(),
            None => {
                let known = self.installation(app, owner, lookup).await?;
                if matches!(lookup, Lookup::At(_)) && known.account.key() != owner {
                    return Ok(Obtained::Moved(known));
                }
                let new = self.installation_token(app, &known).await?;
                cached.insert(new).token.clone()
            }
        };
        drop(cached);
        let (payer, account) = (owner.to_owned(), Some(account));
        Ok(Obtained::Token(Authorization { token, payer, account }))
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
        known: &Installation,
    ) -> Result<InstallationToken, GithubError> {
        let name = "obtaining a token of the GitHub App's installation";
        let path = format!("app/installations/{}/access_tokens", known.id);
        let call = Call::new(name, &Method::POST, &path);
        let response = self.send_as(&self.as_app(app), &call, None::<&()>).await;
        let response = response.map_err(|err| err.about(&known.account.login))?;
        let TokenBody { token, expires_at } = parse(name, &response)?;
        Ok(InstallationToken { token: Secret::new(token), expires_at })
    }

    /// Returns the installation for a request. It is never cached: an App that is uninstalled and installed again has
    /// another one.
    async fn installation(
        &self,
        app: &GithubApp,
        owner: &str,
        lookup: &Lookup,
    ) -> Result<Installation, GithubError> {
        let path = match lookup {
            Lookup::Known(known) => return Ok(known.clone()),
            Lookup::At(path) => path,
            Lookup::Any => {
                let mut usable = self.installations(app).await?.items.into_iter();
                let usable = usable.find(|known| known.suspended_at.is_none());
                let none = GithubError::NotFound { call: FIND_INSTALLATION, repository: None };
                return usable.ok_or(none);
            }
        };
        match self.installation_at(app, path).await {
            // GitHub does not show the repository to the App, or the App is not installed on its owner.
            Err(GithubError::NotFound { .. }) => {
                let listed = self.installations(app).await?;
                let found = listed.items.into_iter().find(|known| known.account.key() == owner);
                found.ok_or_else(|| match listed.complete && listed.unreadable == 0 {
                    true => not_installed(owner),
                    false => GithubError::Unavailable {
                        call: LIST_INSTALLATIONS,
                        fault: "an installation cannot be read, which may be that of the account"
                            .to_owned(),
                    },
                })
            }
            found => found,
        }
    }

    async fn installation_at(
        &self,
        app: &GithubApp,
        path: &str,
    ) -> Result<Installation, GithubError> {
        let call = Call::new(FIND_INSTALLATION, &Method::GET, path);
        let found = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        parse(FIND_INSTALLATION, &found)
    }

    /// Lists the installations of the App on users and organizations. An installation that cannot be read hides no other.
    async fn installations(&self, app: &GithubApp) -> Result<Listed<Installation>, GithubError> {
        let (items, partial) = (Vec::new(), false);
        let mut all = Listed { items, complete: false, unreadable: 0, partial };
        for page in 1..=MAX_PAGES {
            let page = page.to_string();
            let query = [("per_page", "100"), ("page", page.as_str())];
            let call = Call {
                query: &query,
                ..Call::new(LIST_INSTALLATIONS, &Method::GET, INSTALLATIONS)
            };
            let listed = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
            let listed: Vec<Value> = parse(LIST_INSTALLATIONS, &listed)?;
            all.complete = listed.len() < 100;
            for item in listed.into_iter().filter(|item| !is_of_enterprise(item)) {
                match serde_json::from_value(item) {
                    Ok(known) => all.items.push(known),
                    Err(_) => all.unreadable += 1,
                }
            }
            if all.complete {
                break;
            }
        }
        if all.unreadable > 0 {
            warn!("continuing without {} items while {LIST_INSTALLATIONS}", all.unreadable);
        }
        Ok(all)
    }

    /// Lists the accounts on which the App is installed. With a token there is none.
    pub async fn installed_accounts(&self) -> Result<Listed<InstalledAccount>, GithubError> {
        let Credentials::App { app, .. } = self.credentials() else {
            return Ok(Listed { items: Vec::new(), complete: true, unreadable: 0, partial: false });
        };
        let account = |known: Installation| InstalledAccount {
            login: known.account.login.clone(),
            github: self.on(known),
        };
        let Listed { items, complete, unreadable, partial } = self.installations(app).await?;
        let items = items.into_iter().map(account).collect();
        Ok(Listed { items, complete, unreadable, partial })
    }

    /// Returns whether the credential is a GitHub App.
    pub fn is_app(&self) -> bool {
        matches!(self.credentials(), Credentials::App { .. })
    }
}

/// Returns whether an installation is on an enterprise, whose account has no login, and which has no repositories.
fn is_of_enterprise(installation: &Value) -> bool {
    let account = &installation["account"];
    account["login"].is_null() && account["slug"].is_string()
}

/// Returns the error of a request about an account on which the App is not installed.
pub fn not_installed(owner: &str) -> GithubError {
    GithubError::Refused(Box::new(Refusal {
        call: FIND_INSTALLATION,
        status: StatusCode::NOT_FOUND,
        account: Some(owner.to_owned()),
        repository: None,
        cause: RefusalCause::NotInstalled,
    }))
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
