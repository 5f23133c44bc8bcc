//! The tokens with which the handler authenticates to GitHub.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::secret::Secret;
use crate::settings::{GithubApp, GithubCredential};

/// The credentials of the client.
#[derive(Debug)]
pub(super) enum Credentials {
    /// A personal access token.
    Token(Secret),
    /// A GitHub App, and the tokens of its installations.
    App { app: GithubApp, accounts: Accounts },
}

/// The accounts on which the App is installed, by their names in lower case.
pub(super) type Accounts = Mutex<BTreeMap<String, Arc<Account>>>;

/// An account on which the App is installed.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The holder of the lock requests a token; other callers wait for it.
    pub(super) token: tokio::sync::Mutex<Option<InstallationToken>>,
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
    /// The account for whose rate limits the request counts.
    pub(super) payer: String,
    pub(super) account: Option<Arc<Account>>,
}

impl Credentials {
    /// Creates the credentials of the settings. No token is requested yet.
    pub(super) fn new(credential: &GithubCredential) -> Self {
        match credential {
            GithubCredential::Token(token) => Self::Token(token.clone()),
            GithubCredential::App(app) => {
                Self::App { app: app.clone(), accounts: Mutex::default() }
            }
        }
    }
}
