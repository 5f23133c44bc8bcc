//! Keeps Apps, their installations and the tokens of these.

use chrono::{DateTime, TimeDelta, Utc};

use super::{State, next};
use crate::app::{App, Installation, InstallationToken};

impl State {
    /// Registers an App, and installs it on its accounts.
    pub(crate) fn add_app(&mut self, app: App, now: DateTime<Utc>) {
        for account in &app.installed_on {
            let id = next(&mut self.numbers.installation);
            let (app, account) = (app.clone(), account.clone());
            let installation = Installation { id, app, account, created_at: now };
            self.installations.insert(id, installation);
        }
        self.apps.push(app);
    }

    /// Takes an App away from an account, and with it its tokens there.
    pub(crate) fn remove_installation(&mut self, account: &str) {
        self.installations.retain(|_, known| known.account != account);
        self.revoke_tokens(account);
    }

    /// Makes an account's tokens invalid before their time.
    pub(crate) fn revoke_tokens(&mut self, account: &str) {
        self.installation_tokens.retain(|_, known| known.account != account);
    }

    /// Finds the installation of an App on an account.
    pub(crate) fn installation_on(&self, app: &App, account: &str) -> Option<&Installation> {
        let is_it = |known: &&Installation| {
            known.app.id == app.id && known.account.eq_ignore_ascii_case(account)
        };
        self.installations.values().find(is_it)
    }

    /// Makes a token of an installation, which lives for an hour; `None` where there is no such installation
    /// of the App.
    ///
    /// Its form is that of tokens since 2026: longer than the 40 characters of old.
    pub(crate) fn issue_installation_token(
        &mut self,
        app: &App,
        installation: u64,
        now: DateTime<Utc>,
    ) -> Option<(String, InstallationToken)> {
        let known = self.installations.get(&installation).filter(|known| known.app.id == app.id)?;
        let token = InstallationToken {
            account: known.account.clone(),
            permissions: known.app.permissions.clone(),
            expires_at: now + TimeDelta::hours(1),
        };
        let text = format!("ghs_{}_{}", app.id, self.secret(480));
        self.installation_tokens.insert(text.clone(), token.clone());
        Some((text, token))
    }
}
