//! GitHub Apps, their installations, and installation access tokens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::repository::Repository;

/// A GitHub App and the accounts it is installed on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct App {
    /// The App id.
    pub id: u64,
    /// The client id; a JWT may name either id as its issuer.
    pub client_id: String,
    /// The RSA public key in base64 (DER, PKCS#1).
    pub public_key: String,
    /// The accounts it is installed on.
    pub installed_on: BTreeSet<String>,
    /// The permissions, such as `{"actions":"read"}`.
    pub permissions: BTreeMap<String, String>,
}

/// An App's installation on an account.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) app: App,
    pub(crate) account: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) suspended_at: Option<DateTime<Utc>>,
}

/// An installation access token.
#[derive(Clone, Debug)]
pub(crate) struct InstallationToken {
    pub(crate) text: String,
    /// The key of the installation's rate limits: those of two Apps on an account are separate.
    pub(crate) limits: String,
    pub(crate) account: String,
    pub(crate) permissions: BTreeMap<String, String>,
    /// The ids of the repositories that it is narrowed to; `None` means all of the account.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl InstallationToken {
    /// Returns whether the token has access to a repository.
    pub(crate) fn covers(&self, repository: &Repository) -> bool {
        let selected = self.repositories.as_ref().is_none_or(|ids| ids.contains(&repository.id));
        selected && repository.owner().eq_ignore_ascii_case(&self.account)
    }

    /// Returns GitHub's word for the repositories that it covers.
    pub(crate) fn selection(&self) -> &'static str {
        if self.repositories.is_some() { "selected" } else { "all" }
    }
}
