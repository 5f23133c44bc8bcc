//! Claims as the image's entrypoint does: it retries until the handler answers, or for ten minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use emulator_core::service::{Response, Service};
use functions_host_emulator::FunctionsHost;
use http::header;
use rand::Rng;
use serde_json::json;

use super::network::FaultyNetwork;
use crate::scenario::Callee;

/// Seconds for which a claim is retried.
const CLAIM_SECONDS: i64 = 600;
/// Timeout of one response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest delay between two tries in seconds, unless the server asks for more.
const MAX_DELAY_SECONDS: i64 = 30;
/// The exit code of a container whose claims were rejected for good, or got no answer.
const NO_CLAIM: i32 = 75;

/// The claims of one container.
pub(super) struct Claims {
    pub(super) network: Arc<FaultyNetwork>,
    pub(super) host: Arc<Service<FunctionsHost>>,
    pub(super) deployment: usize,
    /// The name of the runner or agent, which is the task's id.
    pub(super) name: String,
    pub(super) url: String,
    pub(super) ticket: String,
    /// Whether a claim is in flight.
    pub(super) is_claiming: Arc<AtomicBool>,
}

/// The result of a claim.
pub(super) enum Claim {
    Configured {
        configuration: String,
        /// The repositories whose jobs the runner may run.
        allowed: Option<String>,
    },
    Ended(i32),
}

impl Claims {
    pub(super) async fn claim(&self, nonce: &str) -> Claim {
        let began = self.network.clock.now();
        for attempt in 1.. {
            let answer = self.ask(nonce).await;
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            match (status, &answer) {
                (200, Some(answer)) => {
                    let configuration = String::from_utf8_lossy(answer.body()).trim().to_owned();
                    let allowed = answer.headers().get("x-mayfly-allowed-repositories");
                    let allowed = allowed.and_then(|patterns| patterns.to_str().ok());
                    let allowed = allowed.filter(|patterns| !patterns.is_empty());
                    return Claim::Configured {
                        configuration,
                        allowed: allowed.map(str::to_owned),
                    };
                }
                (410, _) => return Claim::Ended(0),
                (401 | 403, _) => return Claim::Ended(NO_CLAIM),
                _ => {}
            }
            let pause = self.delay_after(attempt, answer.as_ref(), began);
            if pause <= 0 {
                return Claim::Ended(NO_CLAIM);
            }
            self.network.pass(Duration::from_secs(pause.unsigned_abs())).await;
        }
        Claim::Ended(NO_CLAIM)
    }

    /// Sends one claim; `None` if the connection breaks or times out.
    async fn ask(&self, nonce: &str) -> Option<Response> {
        let body = json!({ "v": 1, "ticket": self.ticket, "nonce": nonce });
        let request = http::Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .expect("the handler sets a valid URL");
        let asked = self.network.carry((self.deployment, Callee::Claim), &self.host, request);
        self.is_claiming.store(true, Ordering::Relaxed);
        let answer = tokio::time::timeout(RESPONSE_TIMEOUT, asked).await;
        self.is_claiming.store(false, Ordering::Relaxed);
        answer.ok()?.ok()
    }

    /// Returns the delay in seconds, limited to the time that is left.
    fn delay_after(&self, attempt: u32, answer: Option<&Response>, began: DateTime<Utc>) -> i64 {
        let ceiling = (1 << (attempt - 1).min(5)).min(MAX_DELAY_SECONDS);
        let asked = answer.and_then(|answer| answer.headers().get(header::RETRY_AFTER));
        let asked = asked.and_then(|seconds| seconds.to_str().ok()?.parse().ok()).unwrap_or(0);
        let generated = ceiling - self.network.rng().random_range(0..=ceiling / 2);
        let left = CLAIM_SECONDS - (self.network.clock.now() - began).num_seconds();
        generated.max(asked).min(left)
    }

    /// Replays the ticket from another process before the container has ended: before the runner or agent connects, with
    /// another nonce, and after its job, with the nonce of the claim.
    pub(super) async fn replay_ticket(&self, nonce: &str) {
        let answer = self.ask(nonce).await;
        if answer.is_some_and(|answer| answer.status().is_success()) {
            self.network.recorder.ticket_replayed(&self.name);
        }
    }

    pub(super) fn nonce(&self) -> String {
        format!("{:032x}", self.network.rng().random::<u128>())
    }
}
