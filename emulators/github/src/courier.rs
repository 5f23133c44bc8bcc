//! Carries deliveries to their hooks: those of one job in their order, each once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use emulator_core::service::{Request, Response};

use super::GitHub;
use super::hook::Outcome;
use super::state::Parcel;
use emulator_core::transport::TransportError;

/// GitHub ends the connection after ten seconds, and does not try again.
/// <https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>
const PATIENCE: Duration = Duration::from_secs(10);

/// How many deliveries are under way at once.
pub(super) const HANDS: usize = 64;

impl GitHub {
    /// Carries the deliveries of one job, or of one hook's greeting, until none is left.
    pub(super) async fn carry(self: Arc<Self>, chain: u64) {
        while let Some(parcel) = self.step(|state, _| state.next_parcel(chain)) {
            let delivery = parcel.delivery;
            let outcome = {
                let _hand = self.hands.acquire().await;
                self.hand_over(parcel).await
            };
            self.step(|state, now| state.delivered(delivery, outcome, now));
            // A delivered greeting is nothing for the timeline, but somebody may wait for it.
            self.happened.notify_waiters();
        }
    }

    async fn hand_over(&self, parcel: Parcel) -> Outcome {
        let started = self.site.clock.now();
        // The patience is the machine's time, not the shared clock's: to set that forward must not
        // break off the deliveries that are under way.
        let answer = tokio::time::timeout(PATIENCE, self.send(parcel)).await;
        let took = (self.site.clock.now() - started).as_seconds_f64();
        let duration = (took * 100.0).round() / 100.0;
        match answer {
            Ok(Ok(response)) => Outcome {
                status_code: response.status().as_u16(),
                status: words(response.status()),
                duration,
                body: response.into_body(),
            },
            Ok(Err(_)) => undelivered(502, "failed to connect to host", duration),
            Err(_) => undelivered(504, "timed out", duration),
        }
    }

    async fn send(&self, parcel: Parcel) -> Result<Response, TransportError> {
        let request = request(parcel).map_err(|err| TransportError(err.to_string()))?;
        (self.transport)(request).await
    }
}

fn request(parcel: Parcel) -> Result<Request, http::Error> {
    let mut request = http::Request::post(parcel.url);
    for (name, value) in parcel.headers {
        request = request.header(name, value);
    }
    request.body(parcel.payload)
}

fn words(status: StatusCode) -> String {
    if status.is_success() {
        status.canonical_reason().unwrap_or("OK").to_owned()
    } else {
        format!("Invalid HTTP Response: {}", status.as_u16())
    }
}

fn undelivered(status_code: u16, status: &str, duration: f64) -> Outcome {
    Outcome { status_code, status: status.to_owned(), duration, body: Bytes::new() }
}
