//! The tokens with which the handler authenticates to GitHub.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::secret::Secret;
use crate::settings::{GithubApp, GithubCredential};

/// How long an App that is not installed on an account is asked last.
const ABSENCE_TTL: TimeDelta = TimeDelta::minutes(10);

/// The credentials of the client.
#[derive(Debug)]
pub(super) enum Credentials {
    /// A personal access token.
    Token(Secret),
    /// GitHub Apps: at least one.
    Apps(Vec<AppAccess>),
}

/// A GitHub App, and the tokens of its installations.
#[derive(Debug)]
pub(super) struct AppAccess {
    pub(super) app: GithubApp,
    /// Whether there are others, with rate limits of their own.
    is_one_of_several: bool,
    /// By the names of accounts in lower case.
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
}

/// An account, as far as one App is concerned.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The holder of the lock requests a token; other callers wait for it.
    pub(super) token: tokio::sync::Mutex<Option<InstallationToken>>,
    /// When the App was last found not to be installed on it.
    absent_at: Mutex<Option<DateTime<Utc>>>,
}

/// The token of an installation.
#[derive(Debug)]
pub(super) struct InstallationToken {
    pub(super) token: Secret,
    pub(super) expires_at: DateTime<Utc>,
}

/// An installation of the App on an account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) account: Owner,
    /// When the account suspended it; then GitHub issues no token.
    pub(super) suspended_at: Option<DateTime<Utc>>,
}

/// The owner of an account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Owner {
    pub(super) login: String,
}

impl Owner {
    /// Returns the name in lower case.
    pub(super) fn key(&self) -> String {
        self.login.to_ascii_lowercase()
    }
}

/// The token for one request.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    pub(super) token: Secret,
    /// The name, in lower case, of the account that the token is for; empty if it is for none.
    pub(super) owner: String,
    /// The account for whose rate limits the request counts, with the App if there are several.
    pub(super) payer: String,
    pub(super) account: Option<Arc<Account>>,
}

impl Credentials {
    /// Creates the credentials of the settings. No token is requested yet.
    pub(super) fn new(credential: &GithubCredential) -> Self {
        match credential {
            GithubCredential::Token(token) => Self::Token(token.clone()),
            GithubCredential::Apps { first, others } => {
                let is_one_of_several = !others.is_empty();
                let access = |app: &GithubApp| AppAccess {
                    app: app.clone(),
                    is_one_of_several,
                    accounts: Mutex::default(),
                };
                Self::Apps([first].into_iter().chain(others).map(access).collect())
            }
        }
    }
}

impl AppAccess {
    /// Returns what is known of an account.
    pub(super) fn account(&self, owner: &str) -> Arc<Account> {
        let mut accounts = self.accounts.lock().expect("no holder of this lock can panic");
        Arc::clone(accounts.entry(owner.to_owned()).or_default())
    }

    /// Returns the key of the rate limits of its installation on an account: each installation has its own.
    pub(super) fn payer(&self, owner: &str) -> String {
        match (self.is_one_of_several, owner) {
            (false, "") => "the App".to_owned(),
            (false, owner) => owner.to_owned(),
            (true, "") => format!("App {}", self.app.id),
            (true, owner) => format!("{owner} (App {})", self.app.id),
        }
    }
}

impl Account {
    /// Records that the App is not installed on it.
    pub(super) fn note_absence(&self, now: DateTime<Utc>) {
        *self.absence() = Some(now);
    }

    /// Returns whether the App was not installed on it some minutes ago.
    pub(super) fn is_absent(&self, now: DateTime<Utc>) -> bool {
        self.absence().is_some_and(|at| now - at < ABSENCE_TTL)
    }

    fn absence(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        self.absent_at.lock().expect("no holder of this lock can panic")
    }
}
