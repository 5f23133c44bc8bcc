//! Apps, their installations and installation access tokens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{State, next};
use crate::model::app::{App, Installation, InstallationToken};

/// The lifetime of an installation access token.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(1);

impl State {
    /// Registers an App, and installs it on its accounts.
    pub(crate) fn add_app(&mut self, app: App, now: DateTime<Utc>) {
        for account in &app.installed_on {
            let id = next(&mut self.ids.installation);
            let (app, account) = (app.clone(), account.clone());
            let installation =
                Installation { id, app, account, created_at: now, suspended_at: None };
            self.installations.insert(id, installation);
        }
        self.apps.push(app);
    }

    /// Removes all installations on an account, with their tokens.
    pub(crate) fn remove_installation(&mut self, account: &str) {
        self.installations.retain(|_, known| !known.account.eq_ignore_ascii_case(account));
        self.revoke_tokens(account);
    }

    /// Revokes the tokens of an account's installations.
    pub(crate) fn revoke_tokens(&mut self, account: &str) {
        self.installation_tokens.retain(|_, known| !known.account.eq_ignore_ascii_case(account));
    }

    /// Finds the installation of an App on an account.
    pub(crate) fn installation_on(&self, app: u64, account: &str) -> Option<&Installation> {
        let matches = |known: &&Installation| {
            known.app.id == app && known.account.eq_ignore_ascii_case(account)
        };
        self.installations.values().find(matches)
    }

    /// Issues an installation access token; `None` if there is no such installation.
    ///
    /// The format is that of tokens since 2026: longer than the former 40 characters.
    pub(crate) fn issue_installation_token(
        &mut self,
        installation: u64,
        permissions: BTreeMap<String, String>,
        repositories: Option<BTreeSet<u64>>,
        now: DateTime<Utc>,
    ) -> Option<InstallationToken> {
        let text = self.secret(480);
        let known = self.installations.get(&installation)?;
        let text = format!("ghs_{}_{text}", known.app.id);
        let (account, expires_at) = (known.account.clone(), now + TOKEN_TTL);
        let limits = format!("installation {installation}");
        let token =
            InstallationToken { text, limits, account, permissions, repositories, expires_at };
        self.installation_tokens.insert(token.text.clone(), token.clone());
        Some(token)
    }
}
