//! Remembers the webhooks of this deployment, which are seldom created or deleted.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

const WEBHOOKS_TTL: TimeDelta = TimeDelta::hours(1);

/// The API paths of the webhooks, and when they were found.
#[derive(Debug, Default)]
pub(crate) struct WebhookCache(Mutex<Option<(Vec<String>, DateTime<Utc>)>>);

impl WebhookCache {
    /// Returns the webhooks, if they were found within the last hour.
    pub(crate) fn recent(&self, now: DateTime<Utc>) -> Option<Vec<String>> {
        let found = self.0.lock().expect("no holder of this lock can panic");
        let (hooks, at) = found.as_ref()?;
        (now - *at < WEBHOOKS_TTL).then(|| hooks.clone())
    }

    /// Keeps the webhooks that were found now.
    pub(crate) fn keep(&self, hooks: &[String], now: DateTime<Utc>) {
        let mut found = self.0.lock().expect("no holder of this lock can panic");
        *found = Some((hooks.to_vec(), now));
    }
}
