//! Reads webhooks and their deliveries, and requests redeliveries.
//!
//! <https://docs.github.com/en/rest/repos/webhooks>

use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use url::Url;

use super::call::Call;
use super::credentials::APP_WEBHOOK;
use super::pages::{List, Next};
use super::{Github, GithubError};
use crate::reconcile::snapshot::DeliveryAttempt;

/// A repository or an organization has at most 20 webhooks for an event.
const MAX_WEBHOOK_PAGES: usize = 2;

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
    /// The link to the next page.
    pub next: Option<Next>,
    /// The number of deliveries that cannot be read, which are left out.
    pub unreadable: usize,
}

impl Github {
    /// Lists the webhooks of a repository or an organization that deliver to this app, by their API paths.
    ///
    /// `host` is the host of this app if it is known: other deployments may have webhooks there, too.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] if the credential has no access to webhooks.
    pub async fn webhooks(
        &self,
        parent: &str,
        host: Option<&str>,
    ) -> Result<Vec<String>, GithubError> {
        let path = format!("{parent}/hooks");
        let list = List { call: "listing webhooks", path: &path, query: &[], field: None };
        let hooks = self.list::<HookBody>(&list, MAX_WEBHOOK_PAGES).await?;
        let own = hooks.items.into_iter().filter(|hook| hook.active && hook.config.is_own(host));
        Ok(own.map(|hook| format!("{path}/{}", hook.id)).collect())
    }

    /// Returns the path of the GitHub App's own webhook if it delivers to this app. With a token there is none.
    ///
    /// <https://docs.github.com/en/rest/apps/webhooks>
    pub async fn app_webhook(&self, host: Option<&str>) -> Result<Option<String>, GithubError> {
        if !self.is_app() {
            return Ok(None);
        }
        let path = format!("{APP_WEBHOOK}/config");
        let config: HookConfig = self.get("reading the webhook of the App", &path, &[]).await?;
        Ok(config.is_own(host).then(|| APP_WEBHOOK.to_owned()))
    }

    /// Lists one page of the failed or of the successful deliveries of a webhook: the first, or the next of another
    /// page.
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
        let deliveries = page.items.iter().map(|delivery| delivery.to_attempt(hook)).collect();
        Ok(DeliveriesPage { deliveries, next: page.next.clone(), unreadable: page.unreadable })
    }

    /// Requests the redelivery of an event.
    pub async fn redeliver(&self, hook: &str, delivery: u64) -> Result<(), GithubError> {
        let path = format!("{hook}/deliveries/{delivery}/attempts");
        let call = Call::new("requesting a redelivery", &Method::POST, &path);
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
    fn to_attempt(&self, hook: &str) -> DeliveryAttempt {
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
