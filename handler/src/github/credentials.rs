//! Proves to GitHub who asks: by a personal access token, or as an installation of a GitHub App.
//!
//! An installation's token lives for an hour, and its form and length are GitHub's alone. It is asked for
//! once, however many callers wait, and again before it ends.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use rustls::crypto::ring::default_provider;
use serde::Deserialize;

use super::client::{Call, Github, read};
use super::error::GithubError;
use super::pages::List;
use crate::secret::Secret;
use crate::settings::{GithubApp, GithubCredential};

/// A token that ends within this time is no longer used: a job's registration must not die on the way.
const REFRESHED_BEFORE: TimeDelta = TimeDelta::minutes(5);

/// Where the App's installations are listed, which it is asked for itself.
const INSTALLATIONS: &str = "app/installations";
/// The App's webhook, which no installation has a part in.
pub(super) const OWN_HOOK: &str = "app/hook";
const FINDING: &str =
    "finding the installation of the GitHub App (install it for the owner of the repository)";
/// An App that is installed on more than a thousand accounts is not ours alone.
const MOST_PAGES: usize = 10;

/// What the client proves itself with.
#[derive(Debug)]
pub(super) enum Credentials {
    /// A personal access token.
    Token(Secret),
    /// A GitHub App, and what its installations are using.
    App { app: GithubApp, accounts: Mutex<BTreeMap<String, Arc<Account>>> },
}

/// The account of an owner, as far as the App is installed on it.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Whoever holds the lock asks for a token; the others wait for what comes of it.
    token: tokio::sync::Mutex<Option<InstallationToken>>,
}

#[derive(Debug)]
struct InstallationToken {
    token: Secret,
    ends: DateTime<Utc>,
}

/// An installation of the App, on this account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Installation {
    id: u64,
    account: Owner,
}

#[derive(Clone, Debug, Deserialize)]
struct Owner {
    login: String,
}

/// How the installation for a request is found.
enum Lookup {
    /// By what the request is about: the path of its installation.
    At(String),
    /// It is this one.
    Known(u64),
    /// Any will do.
    Any,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: String,
    expires_at: DateTime<Utc>,
}

/// The proof that goes with one request.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub(super) token: Secret,
    /// On whose behalf the request counts: limits are kept for each.
    pub(super) payer: String,
    account: Option<Arc<Account>>,
}

impl Credentials {
    pub(super) fn new(credential: &GithubCredential) -> Self {
        match credential {
            GithubCredential::Token(token) => Self::Token(token.clone()),
            GithubCredential::App(app) => {
                Self::App { app: app.clone(), accounts: Mutex::default() }
            }
        }
    }
}

impl Github {
    /// Finds the proof for a request to this path.
    pub(super) async fn proof(&self, path: &str) -> Result<Proof, GithubError> {
        let (app, accounts) = match self.credentials() {
            Credentials::Token(token) => {
                return Ok(Proof { token: token.clone(), payer: String::new(), account: None });
            }
            Credentials::App { app, accounts } => (app, accounts),
        };
        if path == INSTALLATIONS || path.starts_with(OWN_HOOK) {
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
        Ok(Proof { token, payer: owner, account: Some(account) })
    }

    async fn token_of(
        &self,
        account: &Account,
        app: &GithubApp,
        lookup: &Lookup,
    ) -> Result<Secret, GithubError> {
        let mut known = account.token.lock().await;
        let now = self.now();
        let usable = |known: &&InstallationToken| known.ends - REFRESHED_BEFORE > now;
        if let Some(known) = known.as_ref().filter(usable) {
            return Ok(known.token.clone());
        }
        let new = self.installation_token(app, lookup).await?;
        Ok(known.insert(new).token.clone())
    }

    /// Forgets a token that GitHub has refused, if it is still in use; tells whether another may do better.
    pub(super) async fn refused(&self, proof: &Proof) -> bool {
        let Some(account) = &proof.account else { return false };
        let mut token = account.token.lock().await;
        if token.as_ref().is_some_and(|token| token.token == proof.token) {
            *token = None;
        }
        true
    }

    fn as_app(&self, app: &GithubApp) -> Proof {
        let mut serial = [0; 16];
        let random = default_provider().secure_random.fill(&mut serial);
        random.expect("the system gives random bytes");
        let token = app.key.jwt(&app.id, serial, self.now());
        Proof { token, payer: "the App".to_owned(), account: None }
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
        let made = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        let made: TokenAnswer = read(name, &made)?;
        Ok(InstallationToken { token: Secret::new(made.token), ends: made.expires_at })
    }

    /// Asks which installation serves a path, each time anew: an App that was taken away and installed again
    /// has another.
    async fn installation(&self, app: &GithubApp, lookup: &Lookup) -> Result<u64, GithubError> {
        let path = match lookup {
            Lookup::Known(id) => return Ok(*id),
            Lookup::At(path) => path,
            Lookup::Any => INSTALLATIONS,
        };
        let call = Call::new(FINDING, &Method::GET, path);
        let found = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        if let Lookup::Any = lookup {
            let all: Vec<Installation> = read(FINDING, &found)?;
            let first = all.first().map(|one| one.id);
            return first.ok_or(GithubError::NotFound { call: FINDING });
        }
        Ok(read::<Installation>(FINDING, &found)?.id)
    }

    /// Makes a client for each account that the App is installed on; with a token there is but one.
    ///
    /// What names no owner in its path is about the account.
    pub(super) async fn of_each_account(&self) -> Result<Vec<Self>, GithubError> {
        if let Credentials::Token(_) = self.credentials() {
            return Ok(vec![self.clone()]);
        }
        let list = List { call: FINDING, path: INSTALLATIONS, query: &[], field: None };
        let all = self.list::<Installation>(&list, MOST_PAGES).await?.items;
        Ok(all.into_iter().map(|one| self.on(one)).collect())
    }

    /// Tells whether an App proves us.
    pub fn is_app(&self) -> bool {
        matches!(self.credentials(), Credentials::App { .. })
    }
}

/// Tells the owner of what a path names, and where his installation is found.
fn installed_at(path: &str) -> Option<(String, String)> {
    // Anybody may read of GitHub's runner; its owner has not installed our App.
    if path.starts_with("repos/actions/runner/") {
        return None;
    }
    let mut segments = path.split('/');
    let place = match (segments.next()?, segments.next()?, segments.next()) {
        ("repos", owner, Some(name)) => (owner, format!("repos/{owner}/{name}/installation")),
        ("orgs", owner, _) => (owner, format!("orgs/{owner}/installation")),
        _ => return None,
    };
    Some((place.0.to_ascii_lowercase(), place.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_found_by_what_a_path_names() {
        let at = |path: &str| installed_at(path).map(|(owner, path)| format!("{owner} {path}"));
        let found = at("repos/Octo/app/actions/jobs/7");
        assert_eq!(found.as_deref(), Some("octo repos/Octo/app/installation"));
        let found = at("orgs/octo/actions/runners");
        assert_eq!(found.as_deref(), Some("octo orgs/octo/installation"));
        assert_eq!(at("meta"), None);
        assert_eq!(at("repos/actions/runner/releases"), None);
    }
}
