//! The webhook sender: sends one delivery over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use emulator_core::clock::Clock;
use emulator_core::service::{Request, Response};
use emulator_core::transport::{Transport, TransportError};

use crate::model::hook::Outcome;

pub(crate) mod signature;

/// GitHub closes the connection after ten seconds, and does not retry.
/// <https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of deliveries that may be sent concurrently.
pub(crate) const MAX_CONCURRENT_DELIVERIES: usize = 64;

/// A delivery that is ready to be sent.
pub(crate) struct QueuedDelivery {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Bytes,
}

/// Sends a delivery once.
pub(crate) async fn send(
    transport: &Transport,
    clock: &Clock,
    delivery: QueuedDelivery,
) -> Outcome {
    let started = clock.now();
    // The timeout uses the machine's clock, not the shared one: advancing the shared clock must not abort
    // pending deliveries.
    let response = tokio::time::timeout(DELIVERY_TIMEOUT, post(transport, delivery)).await;
    let elapsed = (clock.now() - started).as_seconds_f64();
    let duration = (elapsed * 100.0).round() / 100.0;
    match response {
        Ok(Ok(response)) => Outcome {
            status_code: response.status().as_u16(),
            status: status_text(response.status()),
            duration,
            body: response.into_body(),
        },
        Ok(Err(_)) => failed(502, "failed to connect to host", duration),
        Err(_) => failed(504, "timed out", duration),
    }
}

async fn post(transport: &Transport, delivery: QueuedDelivery) -> Result<Response, TransportError> {
    let request = request(delivery).map_err(|err| TransportError(err.to_string()))?;
    transport(request).await
}

fn request(delivery: QueuedDelivery) -> Result<Request, http::Error> {
    let mut request = http::Request::post(delivery.url);
    for (name, value) in delivery.headers {
        request = request.header(name, value);
    }
    request.body(delivery.payload)
}

fn status_text(status: StatusCode) -> String {
    if status.is_success() {
        status.canonical_reason().unwrap_or("OK").to_owned()
    } else {
        format!("Invalid HTTP Response: {}", status.as_u16())
    }
}

fn failed(status_code: u16, status: &str, duration: f64) -> Outcome {
    Outcome { status_code, status: status.to_owned(), duration, body: Bytes::new() }
}
