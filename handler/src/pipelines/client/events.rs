//! Calls for service hooks, and for the task that called a function.

use http::{HeaderValue, Method};
use serde_json::json;

use super::Pipelines;
use crate::pipelines::callback::Callback;
use crate::pipelines::connection::sensitive;
use crate::pipelines::error::PipelinesError;
use crate::pipelines::response::{parse_list, rejection};
use crate::pipelines::subscription::{EVENT_TYPE, Subscription};

/// The version of the events of plans that the documentation of the task names.
const EVENTS_VERSION: &str = "2.0-preview.1";

impl Pipelines {
    /// Lists the subscriptions to the events of jobs that call a web hook.
    ///
    /// # Errors
    /// [`PipelinesError::HooksForbidden`] if the credential may not read them.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, PipelinesError> {
        let call = "listing the service hooks";
        let mut url = self.connection.url("hooks/subscriptions");
        let query =
            [("publisherId", "pipelines"), ("eventType", EVENT_TYPE), ("consumerId", "webHooks")];
        url.query_pairs_mut().extend_pairs(query);
        let sent = self.connection.send_to(url, call, Method::GET, "", None).await;
        let listed = parse_list(call, &sent.map_err(of_hooks)?)?;
        Ok(listed.items.into_iter().map(Subscription).collect())
    }

    /// Replaces a subscription.
    ///
    /// # Errors
    /// [`PipelinesError::HooksForbidden`] if the credential may not change it.
    pub async fn replace_subscription(
        &self,
        subscription: &Subscription,
    ) -> Result<(), PipelinesError> {
        let url = self.connection.url(&format!("hooks/subscriptions/{}", subscription.id()));
        let (call, body) = ("enabling a service hook", Some(&subscription.0));
        self.connection.send_to(url, call, Method::PUT, "", body).await.map_err(of_hooks).map(drop)
    }

    /// Completes the task that called a function, with the token of its job.
    ///
    /// <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/events/post-event>
    ///
    /// # Errors
    /// [`PipelinesError::Rejected`] if the task does not wait for it, or the token is not accepted.
    pub async fn complete_task(&self, callback: &Callback) -> Result<(), PipelinesError> {
        let call = "completing the task";
        let Callback { project, hub, plan, job, task, token } = callback;
        let path = format!("distributedtask/hubs/{hub}/plans/{plan}/events");
        let mut url = self.connection.url_in(project, &path);
        url.query_pairs_mut().append_pair("api-version", EVENTS_VERSION);
        let body = json!({
            "name": "TaskCompleted", "taskId": task, "jobId": job, "result": "succeeded",
        });
        let token = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let token = token.map_err(|_| PipelinesError::Rejected {
            call,
            status: 400,
            key: "token".to_owned(),
        })?;
        let request = (url, Method::POST, Some(&body));
        let response = self.connection.exchange(call, request, sensitive(token)).await?;
        match response.status().is_success() {
            true => Ok(()),
            false => Err(rejection(call, &response)),
        }
    }
}

/// The permissions of service hooks are those of projects, not of pools.
fn of_hooks(err: PipelinesError) -> PipelinesError {
    match err {
        PipelinesError::Forbidden { call, .. } => PipelinesError::HooksForbidden { call },
        err => err,
    }
}
