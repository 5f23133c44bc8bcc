//! Subscriptions of the service hook "Run job state changed", and what is done about one that is not enabled.
//!
//! On probation, one event is sent again and all others are lost, for up to 36 hours; then the service disables the
//! subscription. <https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::secret::Secret;

/// The event of a job's state.
/// <https://learn.microsoft.com/azure/devops/service-hooks/events#run-job-state-changed>
pub(super) const EVENT_TYPE: &str = "ms.vss-pipelines.job-state-changed-event";
/// The time between two reads of the subscriptions.
pub const READ_INTERVAL: TimeDelta = TimeDelta::minutes(10);
/// The time before the same subscription is enabled once more: what puts it on probation may go on.
pub const ENABLE_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// How long it is reported that a subscription was enabled again.
const REPORTED_FOR: TimeDelta = TimeDelta::days(1);
/// The end of the address of the function that receives events, in lower case.
const FUNCTION: &str = "/providepipelinesagent";
const PASSWORD: &str = "basicAuthPassword";

/// A subscription as the service writes it. It contains the function key, so that it is not printed.
pub struct Subscription(pub(super) Value);

impl Subscription {
    /// Returns its id.
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// Returns the id of its project.
    pub fn project(&self) -> &str {
        self.0["publisherInputs"]["projectId"].as_str().unwrap_or_default()
    }

    /// Returns its status, such as `enabled` or `onProbation`.
    pub fn status(&self) -> &str {
        self.0["status"].as_str().unwrap_or_default()
    }

    /// Returns whether it sends events to ProvidePipelinesAgent of the app at this host.
    pub fn delivers_to(&self, host: &str) -> bool {
        let url = self.0["consumerInputs"]["url"].as_str().and_then(|url| Url::parse(url).ok());
        url.is_some_and(|url| {
            let path = url.path().trim_end_matches('/').to_ascii_lowercase();
            path.ends_with(FUNCTION) && url.host_str() == Some(host)
        })
    }

    /// Returns whether the service has disabled it because of failures. A subscription that a user disabled stays so.
    pub fn failed(&self) -> bool {
        matches!(self.status(), "onProbation" | "disabledBySystem")
    }

    /// Returns it enabled. The service shows a mask in place of the password, which would be the new password.
    #[must_use]
    pub fn enabled(&self, password: Option<&Secret>) -> Self {
        let mut body = self.0.clone();
        body["status"] = "enabled".into();
        if let Some(Value::Object(inputs)) = body.get_mut("consumerInputs")
            && inputs.contains_key(PASSWORD)
        {
            match password {
                Some(password) => inputs.insert(PASSWORD.to_owned(), password.expose().into()),
                None => inputs.remove(PASSWORD),
            };
        }
        Self(body)
    }
}

/// Returns what a status means for events, as it reads after "subscription X is".
pub fn meaning(status: &str) -> String {
    let text = match status {
        "enabled" => "enabled",
        "onProbation" => "on probation: deliveries have failed, and all events are lost meanwhile",
        "disabledBySystem" => "disabled by Azure DevOps, because deliveries have failed",
        "disabledByUser" => "disabled by a user",
        "disabledByInactiveIdentity" => "disabled, because its creator has left the organization",
        other => return format!("in status {other:?}"),
    };
    text.to_owned()
}

/// When each subscription was last enabled again, by its id: the content of a blob.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Repairs(BTreeMap<String, DateTime<Utc>>);

impl Repairs {
    /// Reads the content of the blob. That of another version counts as empty.
    pub fn parse(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    }

    /// Returns whether a subscription may be enabled again; then it counts as enabled.
    pub fn enable(&mut self, id: &str, now: DateTime<Utc>) -> bool {
        self.0.retain(|_, at| now - *at < REPORTED_FOR);
        let due = self.0.get(id).is_none_or(|at| now - *at >= ENABLE_INTERVAL);
        if due {
            self.0.insert(id.to_owned(), now);
        }
        due
    }

    /// Returns when a subscription was enabled again, if that was in the last day.
    pub fn enabled_at(&self, id: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(id).copied().filter(|at| now - *at < REPORTED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subscription(status: &str) -> Subscription {
        Subscription(json!({
            "id": "s",
            "status": status,
            "publisherInputs": { "projectId": "p" },
            "consumerInputs": {
                "url": "https://app.test/api/ProvidePipelinesAgent?code=key",
                "basicAuthUsername": "mayfly",
                "basicAuthPassword": "********",
            },
        }))
    }

    #[test]
    fn only_what_the_service_disabled_is_enabled_again() {
        let failed = |status: &str| subscription(status).failed();
        assert!(failed("onProbation") && failed("disabledBySystem"));
        for left in ["enabled", "disabledByUser", "disabledByInactiveIdentity", "", "new"] {
            assert!(!failed(left), "{left}");
        }
    }

    #[test]
    fn a_replaced_subscription_has_the_password_and_not_its_mask() {
        let (before, secret) = (subscription("onProbation"), Secret::new("hunter2-hunter2-"));
        let after = before.enabled(Some(&secret));
        assert_eq!(after.status(), "enabled");
        assert_eq!(after.0["consumerInputs"][PASSWORD], "hunter2-hunter2-");
        let without = before.enabled(None);
        assert_eq!(without.0["consumerInputs"].get(PASSWORD), None);
        let mut by_header = subscription("onProbation");
        by_header.0["consumerInputs"] = json!({ "url": "https://app.test" });
        assert_eq!(by_header.enabled(Some(&secret)).0["consumerInputs"].get(PASSWORD), None);
    }

    #[test]
    fn only_subscriptions_of_this_app_are_its_own() {
        assert!(subscription("enabled").delivers_to("app.test"));
        assert!(!subscription("enabled").delivers_to("other.test"));
        let mut other = subscription("enabled");
        other.0["consumerInputs"]["url"] = "https://app.test/api/Other".into();
        assert!(!other.delivers_to("app.test"));
    }

    #[test]
    fn a_subscription_that_fails_again_is_enabled_an_hour_later() {
        let (mut repairs, start) = (Repairs::parse(Some(b"[]")), DateTime::UNIX_EPOCH);
        let after = |minutes| start + TimeDelta::minutes(minutes);
        assert!(repairs.enable("s", start) && !repairs.enable("s", after(59)));
        assert!(repairs.enable("t", after(59)) && repairs.enable("s", after(60)));
        let bytes = serde_json::to_vec(&repairs).expect("a map");
        let read = Repairs::parse(Some(&bytes));
        assert_eq!(read.enabled_at("s", after(61)), Some(after(60)));
        assert_eq!(read.enabled_at("s", after(60 + 24 * 60)), None);
    }
}
