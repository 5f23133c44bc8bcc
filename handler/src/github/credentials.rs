//! Authenticates the handler to GitHub: with a personal access token, or as an installation of a GitHub App.
//!
//! The token of an installation expires after an hour; its format and length are opaque. However many callers wait,
//! only one of them requests a token, and requests the next one before that expires.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>
//!
//! Each installation has rate limits of its own. So of several Apps that are installed on an account, the first one is used
//! whose limits allow the request now.

use std::sync::Arc;

use chrono::TimeDelta;
use http::StatusCode;
use rustls::crypto::ring::default_provider;

use super::call::Call;
use super::client::Github;
use super::error::GithubError;
use super::examination::APP;
use super::installations::{FIND_INSTALLATION, INSTALLATIONS, installed_at};
use super::refusal::RefusalCause;
use super::tokens::{AppAccess, Authorization, Credentials, Installation, InstallationToken};

/// A token that expires within this time is not used, so that it cannot expire during a registration.
const REFRESH_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// The path of the App's webhook, which is requested as the App itself.
pub(super) const APP_WEBHOOK: &str = "app/hook";

/// How to find the installation for a request.
pub(super) enum Lookup {
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

impl Github {
    /// Returns the token for a request.
    pub(super) async fn authorization(
        &self,
        call: &Call<'_>,
    ) -> Result<Authorization, GithubError> {
        let apps = match self.credentials() {
            Credentials::Token(token) => {
                let (owner, payer) = (String::new(), String::new());
                return Ok(Authorization { token: token.clone(), owner, payer, account: None });
            }
            Credentials::Apps(apps) => apps,
        };
        let own = &apps[self.app_number()];
        if [APP, INSTALLATIONS].contains(&call.path) || call.path.starts_with(APP_WEBHOOK) {
            return Ok(self.as_app(own));
        }
        match (installed_at(call.path), self.account()) {
            (Some((owner, at)), _) => self.of_any(apps, call, &owner, Lookup::At(at)).await,
            (None, Some(known)) => self.of_installation(own, known.clone()).await,
            (None, None) => self.of_app(own, "", &Lookup::Any).await,
        }
    }

    /// Returns the token of the first App that is installed on an account and whose limits allow the request now. If there
    /// is none, that of the first one that is installed. Apps that were not installed on it are asked last.
    async fn of_any(
        &self,
        apps: &[AppAccess],
        call: &Call<'_>,
        owner: &str,
        lookup: Lookup,
    ) -> Result<Authorization, GithubError> {
        let mut apps: Vec<(bool, &AppAccess)> =
            apps.iter().map(|app| (app.account(owner).is_absent(self.now()), app)).collect();
        apps.sort_by_key(|(absent, _)| *absent);
        let (mut waiting, mut error) = (None, None);
        for (absent, app) in apps {
            if absent && waiting.is_some() {
                break;
            }
            match self.of_app(app, owner, &lookup).await {
                Ok(authorization) if self.allows(&authorization.payer, call) => {
                    return Ok(authorization);
                }
                Ok(authorization) => drop(waiting.get_or_insert(authorization)),
                Err(err) => {
                    if is_not_installed(&err) {
                        app.account(owner).note_absence(self.now());
                    }
                    error.get_or_insert(err);
                }
            }
        }
        waiting.ok_or_else(|| error.expect("there is an App, which gave a token or an error"))
    }

    async fn of_app(
        &self,
        app: &AppAccess,
        owner: &str,
        lookup: &Lookup,
    ) -> Result<Authorization, GithubError> {
        match self.obtain(app, owner, lookup).await? {
            Obtained::Token(authorization) => Ok(authorization),
            Obtained::Moved(known) => self.of_installation(app, known).await,
        }
    }

    /// Returns the token for a repository that GitHub does not show to the token of its former owner; `None` if it has
    /// not moved to another account.
    pub(super) async fn authorization_of_moved(
        &self,
        path: &str,
        denied: &Authorization,
    ) -> Result<Option<Authorization>, GithubError> {
        let Credentials::Apps(apps) = self.credentials() else { return Ok(None) };
        let Some((_, at)) = installed_at(path).filter(|_| path.starts_with("repos/")) else {
            return Ok(None);
        };
        for app in apps {
            match self.installation_at(app, &at).await {
                Ok(known) if known.account.key() != denied.owner => {
                    return self.of_installation(app, known).await.map(Some);
                }
                Ok(_) | Err(GithubError::NotFound { .. }) => {}
                Err(err) => return Err(err),
            }
        }
        Ok(None)
    }

    async fn of_installation(
        &self,
        app: &AppAccess,
        known: Installation,
    ) -> Result<Authorization, GithubError> {
        let owner = known.account.key();
        match self.obtain(app, &owner, &Lookup::Known(known)).await? {
            Obtained::Token(authorization) => Ok(authorization),
            Obtained::Moved(_) => {
                Err(GithubError::NotFound { call: FIND_INSTALLATION, repository: None })
            }
        }
    }

    /// Returns the token of an owner's installation: the present one, or a new one.
    async fn obtain(
        &self,
        app: &AppAccess,
        owner: &str,
        lookup: &Lookup,
    ) -> Result<Obtained, GithubError> {
        let account = app.account(owner);
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
        let (payer, account) = (app.payer(owner), Some(Arc::clone(&account)));
        Ok(Obtained::Token(Authorization { token, owner: owner.to_owned(), payer, account }))
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

    /// Returns the token of an App itself.
    pub(super) fn as_app(&self, app: &AppAccess) -> Authorization {
        let mut serial = [0; 16];
        let random = default_provider().secure_random.fill(&mut serial);
        random.expect("the system gives random bytes");
        let token = app.app.key.jwt(&app.app.id, serial, self.now());
        Authorization { token, owner: String::new(), payer: app.payer(""), account: None }
    }

    /// Returns whether the credential is a GitHub App, or several.
    pub fn is_app(&self) -> bool {
        matches!(self.credentials(), Credentials::Apps(_))
    }

    /// Returns whether there is another credential with rate limits of its own.
    pub(super) fn has_several_apps(&self) -> bool {
        matches!(self.credentials(), Credentials::Apps(apps) if apps.len() > 1)
    }

    /// Returns a client for the requests about each App itself. With a token there is one.
    pub fn of_each_app(&self) -> Vec<Self> {
        let number = match self.credentials() {
            Credentials::Token(_) => 1,
            Credentials::Apps(apps) => apps.len(),
        };
        (0..number).map(|app| self.with_app(app)).collect()
    }
}

fn is_not_installed(err: &GithubError) -> bool {
    matches!(err, GithubError::Refused(refusal)
        if refusal.status == StatusCode::NOT_FOUND && refusal.cause == RefusalCause::NotInstalled)
}
