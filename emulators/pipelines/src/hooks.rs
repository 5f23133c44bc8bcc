//! The sender of service hooks: sends one notification over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header;

use emulator_core::service::Request;
use emulator_core::transport::Transport;

use crate::model::subscription::Notification;

/// How long the service waits for a response. Inferred.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// A notification that is ready to be sent.
pub(crate) struct QueuedDelivery {
    url: String,
    headers: Vec<(String, String)>,
    payload: Bytes,
}

impl QueuedDelivery {
    /// Makes a delivery from the inputs of the consumer `webHooks`.
    ///
    /// <https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks>
    ///
    /// Inferred: the value of `User-Agent`, and the two headers `X-VSS-…`.
    pub(crate) fn new(inputs: &BTreeMap<String, String>, notification: &Notification) -> Self {
        let input = |name: &str| inputs.get(name).map(String::as_str).unwrap_or_default();
        let own = [
            ("content-type", "application/json; charset=utf-8"),
            ("user-agent", "VSServices/19.0 (emulated)"),
            ("x-vss-activityid", &notification.event_id),
            ("x-vss-subscriptionid", &notification.subscription),
        ];
        let mut headers: Vec<(String, String)> =
            own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (name, password) = (input("basicAuthUsername"), input("basicAuthPassword"));
        if !name.is_empty() || !password.is_empty() {
            let pair = STANDARD.encode(format!("{name}:{password}"));
            headers.push((header::AUTHORIZATION.to_string(), format!("Basic {pair}")));
        }
        headers.extend(lines(input("httpHeaders")));
        Self { url: input("url").to_owned(), headers, payload: notification.payload.clone() }
    }

    fn request(self) -> Option<Request> {
        let mut request = http::Request::post(self.url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(self.payload).ok()
    }
}

/// Splits the input `httpHeaders` into names and values: a line each.
pub(crate) fn lines(headers: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = headers.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
}

/// Sends a delivery once; returns the status, or 0 without a response.
pub(crate) async fn send(transport: &Transport, delivery: QueuedDelivery) -> u16 {
    let Some(request) = delivery.request() else { return 0 };
    // The timeout uses the machine's clock, not the shared one: advancing that must not abort pending deliveries.
    match tokio::time::timeout(DELIVERY_TIMEOUT, transport(request)).await {
        Ok(Ok(response)) => response.status().as_u16(),
        Ok(Err(_)) | Err(_) => 0,
    }
}
