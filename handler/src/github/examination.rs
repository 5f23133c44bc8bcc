//! Reads what the doctor checks: the credential, what it can read, the App's installations, and webhooks.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, Method, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::call::Call;
use super::credentials::APP_WEBHOOK;
use super::pages::List;
use super::response::parse;
use super::{Github, GithubError};
use crate::doctor::facts::{Credential, InstallationFact, WebhookFact};

/// The header with the time at which a personal access token expires.
/// <https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens>
const EXPIRATION: &str = "github-authentication-token-expiration";
/// The path of the App itself, which is requested as the App.
pub(super) const APP: &str = "app";
/// The number of deliveries that are judged.
const DELIVERIES: usize = 10;

#[derive(Deserialize)]
struct AppBody {
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Clone, Deserialize)]
struct InstallationBody {
    account: AccountBody,
    suspended_at: Option<DateTime<Utc>>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize)]
struct AccountBody {
    /// An enterprise has none.
    login: Option<String>,
}

#[derive(Clone, Deserialize)]
struct HookDetails {
    id: u64,
    active: bool,
    #[serde(default)]
    events: Vec<String>,
    config: ConfigDetails,
}

#[derive(Clone, Deserialize)]
struct ConfigDetails {
    url: Option<String>,
    content_type: Option<String>,
    /// A number, or a text with a number.
    insecure_ssl: Option<serde_json::Value>,
}

#[derive(Clone, Deserialize)]
struct DeliveryStatus {
    status_code: u16,
}

impl Github {
    /// Reads the credential, and the time of GitHub's clock.
    pub async fn credential(&self) -> Result<(Credential, Option<DateTime<Utc>>), GithubError> {
        let name = "checking the credential";
        let path = if self.is_app() { APP } else { "user" };
        let response = self.send(&Call::new(name, &Method::GET, path), None::<&()>).await?;
        let headers = response.headers();
        let credential = if self.is_app() {
            Credential::App { events: parse::<AppBody>(name, &response)?.events }
        } else {
            Credential::Token { expires: text(headers, EXPIRATION).and_then(expiration) }
        };
        Ok((credential, text(headers, header::DATE.as_str()).and_then(http_date)))
    }

    /// Reads the first item of a list, or an object, to find out whether the credential can.
    pub async fn can_read(&self, path: &str) -> Result<(), GithubError> {
        let query = [("per_page", "1")];
        self.get::<IgnoredAny>("checking a permission", path, &query).await.map(drop)
    }

    /// Lists the installations of the App with their permissions: the first hundred.
    pub async fn installation_facts(&self) -> Result<Vec<InstallationFact>, GithubError> {
        let query = [("per_page", "100")];
        let call = "listing the installations of the GitHub App";
        let listed: Vec<InstallationBody> = self.get(call, "app/installations", &query).await?;
        let fact = |one: InstallationBody| {
            let InstallationBody { account, suspended_at, permissions } = one;
            let suspended = suspended_at.is_some();
            Some(InstallationFact { account: account.login?, suspended, permissions })
        };
        Ok(listed.into_iter().filter_map(fact).collect())
    }

    /// Lists the webhooks of a repository or an organization, with the results of the last deliveries of those that
    /// deliver to a function of this name.
    pub async fn webhook_facts(&self, parent: &str) -> Result<Vec<WebhookFact>, GithubError> {
        let path = format!("{parent}/hooks");
        let list = List { call: "listing webhooks", path: &path, query: &[], field: None };
        let mut facts = Vec::new();
        for hook in self.list::<HookDetails>(&list, 2).await?.items {
            let path = format!("{path}/{}", hook.id);
            let mut fact = hook.config.fact(path, hook.active, Some(hook.events));
            if fact.url.as_deref().is_some_and(is_of_deliveries) {
                fact.last = self.last_deliveries(&fact.path).await?;
            }
            facts.push(fact);
        }
        Ok(facts)
    }

    /// Reads the webhook of the App. It sends the events of the App.
    pub async fn app_webhook_facts(&self) -> Result<Vec<WebhookFact>, GithubError> {
        let config: ConfigDetails = self
            .get("reading the webhook of the App", &format!("{APP_WEBHOOK}/config"), &[])
            .await?;
        let fact = config.fact(APP_WEBHOOK.to_owned(), true, None);
        let last = self.last_deliveries(APP_WEBHOOK).await?;
        Ok(vec![WebhookFact { last, ..fact }])
    }

    async fn last_deliveries(&self, hook: &str) -> Result<Vec<u16>, GithubError> {
        let path = format!("{hook}/deliveries");
        let call = "listing the deliveries of a webhook";
        let list = List { call, path: &path, query: &[], field: None };
        let page = self.page::<DeliveryStatus>(&list, None).await?;
        Ok(page.items.iter().take(DELIVERIES).map(|one| one.status_code).collect())
    }
}

fn is_of_deliveries(url: &str) -> bool {
    url.to_ascii_lowercase().ends_with("/provideactionsrunner")
}

impl ConfigDetails {
    fn fact(&self, path: String, active: bool, events: Option<Vec<String>>) -> WebhookFact {
        let ssl = self.insecure_ssl.as_ref().map(|value| value.to_string());
        WebhookFact {
            path,
            url: self.url.as_deref().and_then(without_query),
            active,
            events,
            content_type: self.content_type.clone(),
            verifies: ssl.is_none_or(|value| value.trim_matches('"') != "1"),
            last: Vec::new(),
        }
    }
}

/// Returns a URL without its query, which has the function key.
fn without_query(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url.to_string())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Parses `2026-12-31 10:00:00 UTC`, or the same with an offset such as `+0200`.
fn expiration(text: &str) -> Option<DateTime<Utc>> {
    let format = "%Y-%m-%d %H:%M:%S";
    let utc =
        text.strip_suffix(" UTC").and_then(|at| NaiveDateTime::parse_from_str(at, format).ok());
    let offset = || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok();
    utc.map(|at| at.and_utc()).or_else(|| Some(offset()?.to_utc()))
}

/// Parses the date of an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_read_in_both_forms() {
        let read = |text| expiration(text).map(|at| at.to_rfc3339());
        let expected = Some("2026-12-31T10:00:00+00:00".to_owned());
        assert_eq!(read("2026-12-31 10:00:00 UTC"), expected);
        assert_eq!(read("2026-12-31 12:00:00 +0200"), expected);
        assert_eq!(read("soon"), None);
        assert!(http_date("Sun, 06 Nov 1994 08:49:37 GMT").is_some());
    }

    #[test]
    fn no_key_is_kept_of_an_address() {
        let url = without_query("https://a.test/api/ProvideActionsRunner?code=key#x");
        assert_eq!(url.as_deref(), Some("https://a.test/api/ProvideActionsRunner"));
        assert!(is_of_deliveries(&url.expect("a URL")));
    }
}
