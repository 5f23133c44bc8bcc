//! The installations of GitHub Apps: where they are, and their tokens.

use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

use super::call::Call;
use super::client::Github;
use super::credentials::Lookup;
use super::error::GithubError;
use super::pages::Listed;
use super::refusal::{Refusal, RefusalCause};
use super::response::parse;
use super::tokens::{AppAccess, Credentials, Installation, InstallationToken};
use crate::secret::Secret;

/// The path of an App's installations, which is requested as the App itself.
pub(super) const INSTALLATIONS: &str = "app/installations";
pub(super) const FIND_INSTALLATION: &str =
    "finding the installation of the GitHub App (install it for the owner of the repository)";
const LIST_INSTALLATIONS: &str = "listing the installations of the GitHub App";
/// Maximum number of pages. A private App is not installed on more than a thousand accounts.
const MAX_PAGES: usize = 10;

/// An account on which an App is installed.
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
    pub(super) async fn installation_token(
        &self,
        app: &AppAccess,
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
    pub(super) async fn installation(
        &self,
        app: &AppAccess,
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

    pub(super) async fn installation_at(
        &self,
        app: &AppAccess,
        path: &str,
    ) -> Result<Installation, GithubError> {
        let call = Call::new(FIND_INSTALLATION, &Method::GET, path);
        let found = self.send_as(&self.as_app(app), &call, None::<&()>).await?;
        parse(FIND_INSTALLATION, &found)
    }

    /// Lists the installations of the App on users and organizations. An installation that cannot be read hides no other.
    async fn installations(&self, app: &AppAccess) -> Result<Listed<Installation>, GithubError> {
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

    /// Lists the accounts on which an App is installed, those first that have not suspended it. With a token there is none.
    pub async fn installed_accounts(&self) -> Result<Listed<InstalledAccount>, GithubError> {
        let (items, unreadable) = (Vec::new(), 0);
        let mut all = Listed { items, complete: true, unreadable, partial: false };
        let Credentials::Apps(apps) = self.credentials() else { return Ok(all) };
        let mut suspended = Vec::new();
        for (number, app) in apps.iter().enumerate() {
            let listed = self.installations(app).await?;
            all.complete &= listed.complete;
            all.partial |= listed.partial;
            all.unreadable += listed.unreadable;
            for known in listed.items {
                let login = known.account.login.clone();
                let of = if known.suspended_at.is_some() { &mut suspended } else { &mut all.items };
                of.push(InstalledAccount { login, github: self.with_app(number).on(known) });
            }
        }
        all.items.append(&mut suspended);
        Ok(all)
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
pub(super) fn installed_at(path: &str) -> Option<(String, String)> {
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
