//! Sends GitHub's deliveries to the deployments, with the outcomes that are planned for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use emulator_core::service::{Request, Response, Service};
use emulator_core::transport::{Transport, TransportError};
use functions_host_emulator::FunctionsHost;
use futures::FutureExt;
use github_emulator::{signature_1, signature_256};
use http::HeaderValue;
use local_deployment::WEBHOOK_SECRET;
use serde_json::Value;

use super::host::Host;
use super::network::FaultyNetwork;
use crate::scenario::{DeliveryOutcome, Scenario};

/// The router of deliveries.
pub(super) struct WebhookRouter {
    scenario: Arc<Scenario>,
    network: Arc<FaultyNetwork>,
    /// The hosts of the deployments, by their host names.
    hosts: BTreeMap<String, Host>,
    /// The events of a job that were sent to a deployment, with the outcomes of their first deliveries.
    sent: Mutex<BTreeMap<(String, u64), BTreeMap<String, DeliveryOutcome>>>,
}

impl WebhookRouter {
    pub(super) fn new(scenario: &Arc<Scenario>, network: &Arc<FaultyNetwork>) -> Arc<Self> {
        let names = scenario.deployments.iter().map(|deployment| host_name(&deployment.name));
        let hosts = names.map(|name| (name, Host::default())).collect();
        let (scenario, network) = (Arc::clone(scenario), Arc::clone(network));
        Arc::new(Self { scenario, network, hosts, sent: Mutex::default() })
    }

    /// Sets the host of a deployment.
    pub(super) fn set_host(&self, deployment: &str, host: &Arc<Service<FunctionsHost>>) {
        self.hosts[&host_name(deployment)].set(host);
    }

    pub(super) fn transport(self: &Arc<Self>) -> Transport {
        let hooks = Arc::clone(self);
        Arc::new(move |request| Arc::clone(&hooks).carry(request).boxed())
    }

    async fn carry(self: Arc<Self>, request: Request) -> Result<Response, TransportError> {
        let broken = || TransportError("the delivery was lost".to_owned());
        let outcome = self.outcome(&request);
        if outcome != DeliveryOutcome::Usual {
            self.network.recorder.line(&format!("  delivery to {}: {outcome:?}", request.uri()));
        }
        match outcome {
            DeliveryOutcome::Usual => self.hand_over(request).await,
            DeliveryOutcome::Twice { after } => {
                self.later(request.clone(), after);
                self.hand_over(request).await
            }
            DeliveryOutcome::Late { by } => {
                self.later(request, by);
                Ok(Response::new(Bytes::new()))
            }
            DeliveryOutcome::WithoutJob => self.hand_over(without_job(request)).await,
            DeliveryOutcome::Lost => Ok(Response::new(Bytes::new())),
            DeliveryOutcome::Failed => Err(broken()),
            DeliveryOutcome::ResponseLost => {
                self.hand_over(request).await?;
                Err(broken())
            }
        }
    }

    fn later(self: &Arc<Self>, request: Request, seconds: u64) {
        let hooks = Arc::clone(self);
        tokio::spawn(async move {
            hooks.network.pass(Duration::from_secs(seconds)).await;
            // GitHub waits for no response.
            let _ = hooks.hand_over(request).await;
        });
    }

    async fn hand_over(&self, request: Request) -> Result<Response, TransportError> {
        self.network.pass(self.network.draw(20..200)).await;
        let to = request.uri().host().unwrap_or_default();
        let host = self.hosts.get(to).and_then(Host::get);
        let host = host.ok_or_else(|| TransportError(format!("there is no host {to}")))?;
        host.call(request).await.map_err(|lost| TransportError(lost.to_string()))
    }

    /// Returns the outcome of a delivery: the first of a job has one, all later ones another.
    fn outcome(&self, request: &Request) -> DeliveryOutcome {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header("x-github-event") != Some("workflow_job") {
            return DeliveryOutcome::Usual;
        }
        let payload: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let job = payload["workflow_job"]["id"].as_u64().unwrap_or_default();
        let Some(planned) = self.network.recorder.planned(job) else {
            return DeliveryOutcome::Usual;
        };
        let planned = &self.scenario.jobs[planned];
        let to = request.uri().host().unwrap_or_default().to_owned();
        let event = header("x-github-delivery").unwrap_or_default().to_owned();
        let mut sent = self.sent.lock().expect("no holder of this lock can panic");
        let sent = sent.entry((to, job)).or_default();
        let first = sent.is_empty();
        let planned = if first { planned.queued } else { planned.later };
        match sent.get(&event) {
            // A redelivery has the same payload.
            Some(DeliveryOutcome::WithoutJob) => DeliveryOutcome::WithoutJob,
            Some(_) => DeliveryOutcome::Usual,
            None => {
                sent.insert(event, planned);
                planned
            }
        }
    }
}

/// Signs a delivery again with `null` in place of its job.
fn without_job(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let mut payload: Value = serde_json::from_slice(&body).unwrap_or_default();
    payload["workflow_job"] = Value::Null;
    let body = Bytes::from(payload.to_string());
    for (name, signature) in [
        ("x-hub-signature", signature_1(WEBHOOK_SECRET, &body)),
        ("x-hub-signature-256", signature_256(WEBHOOK_SECRET, &body)),
    ] {
        let signature = HeaderValue::from_str(&signature).expect("a signature is ASCII");
        parts.headers.insert(name, signature);
    }
    Request::from_parts(parts, body)
}

fn host_name(deployment: &str) -> String {
    format!("{deployment}.test")
}
