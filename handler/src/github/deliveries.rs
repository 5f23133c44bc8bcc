//! Webhooks, what was delivered to them, and deliveries that are to be made again.
//!
//! <https://docs.github.com/en/rest/repos/webhooks>

use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use url::Url;

use super::client::Call;
use super::credentials::OWN_HOOK;
use super::pages::{List, Next};
use super::{Github, GithubError};
use crate::reconcile::snapshot::DeliveryAttempt;

/// A place has 20 webhooks of an event at most.
const MOST_HOOK_PAGES: usize = 2;

#[derive(Clone, Debug, Deserialize)]
struct HookBody {
    id: u64,
    active: bool,
    config: HookConfig,
}

#[derive(Clone, Debug, Deserialize)]
struct HookConfig {
    url: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct DeliveryBody {
    id: u64,
    guid: String,
    delivered_at: DateTime<Utc>,
    status_code: u16,
    event: String,
    action: Option<String>,
}

/// A page of deliveries, the latest first.
#[derive(Debug)]
pub struct DeliveriesPage {
    /// The deliveries.
    pub deliveries: Vec<DeliveryAttempt>,
    /// Where the list goes on.
    pub next: Option<Next>,
}

impl Github {
    /// Lists the webhooks of a repository or an organization that deliver to our function, by their paths.
    ///
    /// `host` is that of our function, where it is known: another deployment may have webhooks there too.
    ///
    /// # Errors
    /// [`GithubError`]; [`GithubError::NotFound`] where the credential may not see webhooks.
    pub async fn webhooks(
        &self,
        place: &str,
        host: Option<&str>,
    ) -> Result<Vec<String>, GithubError> {
        let path = format!("{place}/hooks");
        let list = List { call: "listing webhooks", path: &path, query: &[], field: None };
        let hooks = self.list::<HookBody>(&list, MOST_HOOK_PAGES).await?;
        let own = hooks.items.into_iter().filter(|hook| hook.active && hook.config.is_own(host));
        Ok(own.map(|hook| format!("{path}/{}", hook.id)).collect())
    }

    /// Finds the webhook of the GitHub App itself, where it delivers to our function. With a token there is none.
    ///
    /// <https://docs.github.com/en/rest/apps/webhooks>
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn app_webhook(&self, host: Option<&str>) -> Result<Option<String>, GithubError> {
        if !self.is_app() {
            return Ok(None);
        }
        let path = format!("{OWN_HOOK}/config");
        let config: HookConfig = self.get("reading the webhook of the App", &path, &[]).await?;
        Ok(config.is_own(host).then(|| OWN_HOOK.to_owned()))
    }

    /// Lists a page of the deliveries of a webhook that failed, or of those that did not: the first, or the one
    /// that another named as its next.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn deliveries(
        &self,
        hook: &str,
        failed: bool,
        next: Option<&Next>,
    ) -> Result<DeliveriesPage, GithubError> {
        let path = format!("{hook}/deliveries");
        let query = [("status", if failed { "failure" } else { "success" })];
        let call = "listing the deliveries of a webhook";
        let list = List { call, path: &path, query: &query, field: None };
        let page = self.page::<DeliveryBody>(&list, next).await?;
        let deliveries = page.items.iter().map(|delivery| delivery.read(hook)).collect();
        Ok(DeliveriesPage { deliveries, next: page.next.clone() })
    }

    /// Asks GitHub to deliver an event again.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn redeliver(&self, hook: &str, delivery: u64) -> Result<(), GithubError> {
        let path = format!("{hook}/deliveries/{delivery}/attempts");
        let call = Call::new("asking for a delivery again", &Method::POST, &path);
        self.send(&call, None::<&()>).await.map(drop)
    }
}

impl HookConfig {
    fn is_own(&self, host: Option<&str>) -> bool {
        let url = self.url.as_deref().and_then(|url| Url::parse(url).ok());
        url.is_some_and(|url| {
            let ours = url.path().to_ascii_lowercase().ends_with("/provideactionsrunner");
            ours && host.is_none_or(|host| url.host_str() == Some(host))
        })
    }
}

impl DeliveryBody {
    fn read(&self, hook: &str) -> DeliveryAttempt {
        DeliveryAttempt {
            hook: hook.to_owned(),
            id: self.id,
            guid: self.guid.clone(),
            event: self.event.clone(),
            action: self.action.clone(),
            at: self.delivered_at,
            succeeded: (200..300).contains(&self.status_code),
        }
    }
}
