//! The organization of Azure DevOps of a simulation: its agent pool, its jobs and its events.

use std::sync::{Arc, Mutex};

use azure_pipelines_emulator::{Options, Pipelines, Pool, Unacknowledged, subscription_to_jobs};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use emulator_core::events::{EventContext, EventKind};
use emulator_core::service::{Encrypted, Request, Service};
use emulator_core::transport::Transport;
use futures::FutureExt;
use http::{Method, header};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::deployment::DeploymentRun;
use super::network::FaultyNetwork;
use super::webhooks::WebhookRouter;
use crate::scenario::Scenario;
use crate::scenario::pipelines::{AGENTS, AgentProfile, Organization};

mod faults;
mod jobs;

pub(super) use faults::apply;
pub(super) use jobs::queue;

/// The pool of agents.
pub(super) const AGENT_POOL: &str = "mayfly-linux";
/// The project with the pipelines.
pub(super) const PROJECT: &str = "shop";
/// The personal access token of the handler.
pub(super) const TOKEN: &str = "the-token-of-the-simulated-organization";
/// The personal access token of the simulation itself, which does not expire.
const ADMINISTRATOR: &str = "the-token-of-the-administrator";
const NAME: &str = "contoso";
/// The host name of the service.
pub(super) const HOST: &str = "dev.azure.com";
const HOOK_PASSWORD: &str = "the-password-of-the-service-hook";

/// The organization, with the latencies of its agents.
pub(super) struct OrganizationRun {
    pub(super) service: Arc<Service<Pipelines>>,
    network: Arc<FaultyNetwork>,
    rng: Mutex<StdRng>,
}

impl OrganizationRun {
    /// Makes the organization of a scenario, if it has one; its events go to the deployments of the router.
    pub(super) fn start(
        scenario: &Scenario,
        network: &Arc<FaultyNetwork>,
        hooks: &Arc<WebhookRouter>,
    ) -> Option<Arc<Self>> {
        let plan = scenario.pipelines.as_ref()?;
        let site = EventContext::new(network.clock.clone());
        let mut events = site.subscribe();
        let pipelines = Pipelines::new(options(plan, scenario.seed, hooks.transport()), site);
        pipelines.add_pool(Pool { auto_update: false, ..Pool::named(AGENT_POOL) });
        let recorder = Arc::clone(&network.recorder);
        tokio::spawn(async move {
            while let Ok(event) = events.recv().await {
                if let EventKind::Pipelines(kind) = &event.kind {
                    recorder.on_pipelines_event(event.at, kind);
                }
            }
        });
        let rng = Mutex::new(StdRng::seed_from_u64(scenario.seed ^ 0xa6e7));
        let (service, network) = (Service::new(pipelines), Arc::clone(network));
        Some(Arc::new(Self { service, network, rng }))
    }

    /// Returns the settings with which a deployment serves the organization.
    pub(super) fn settings() -> [(String, String); 4] {
        [
            ("AzureDevOpsUrl", format!("https://{HOST}/{NAME}")),
            ("AzureDevOpsToken", TOKEN.to_owned()),
            ("AzureDevOpsRanges", "any".to_owned()),
            ("AzureDevOpsHookPassword", HOOK_PASSWORD.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// Subscribes a deployment to the events of the project, as an administrator does.
    pub(super) async fn subscribe(&self, deployment_run: &DeploymentRun) {
        let name = &deployment_run.deployment.name;
        let project = self.service.emulator.add_project(PROJECT);
        let url = format!("https://{name}.test/api/ProvidePipelinesAgent?code=function-key");
        let body = subscription_to_jobs(&project, &url, HOOK_PASSWORD);
        let made = self.call("_apis/hooks/subscriptions?api-version=7.1", &body).await;
        assert!((200..300).contains(&made), "a subscription: {made}");
    }

    /// Sends a request of the administrator; returns the status.
    async fn call(&self, path: &str, body: &Value) -> u16 {
        let pair = STANDARD.encode(format!(":{ADMINISTRATOR}"));
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("https://{HOST}/{NAME}/{path}"))
            .header(header::AUTHORIZATION, format!("Basic {pair}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()));
        let answer = self.service.call(request.expect("a request")).await;
        answer.expect("this transport loses nothing").status().as_u16()
    }

    /// Makes the transport of agents, which has latency and no injected faults.
    pub(super) fn transport(self: &Arc<Self>) -> Transport {
        let organization = Arc::clone(self);
        Arc::new(move |mut request: Request| {
            let organization = Arc::clone(&organization);
            request.extensions_mut().insert(Encrypted);
            async move {
                organization.network.pass(organization.draw(5..80)).await;
                let answer = organization.service.call(request).await;
                Ok(answer.expect("this transport loses nothing"))
            }
            .boxed()
        })
    }

    /// Returns a random duration in milliseconds.
    pub(super) fn draw(&self, range: std::ops::Range<u64>) -> std::time::Duration {
        let mut rng = self.rng.lock().expect("no holder of this lock can panic");
        std::time::Duration::from_millis(rng.random_range(range))
    }
}

fn options(plan: &Organization, seed: u64, transport: Transport) -> Options {
    let mut options = Options::new(NAME, TOKEN, seed);
    options.tokens.push(azure_pipelines_emulator::PersonalToken::new(ADMINISTRATOR));
    options.parallel_jobs = plan.parallel_jobs;
    options.public_url = Some(format!("https://{HOST}"));
    options.unacknowledged = match plan.rules.requeues {
        true => Unacknowledged::Requeued,
        false => Unacknowledged::Abandoned,
    };
    options.matches_all_flag = plan.rules.matches_all_flag;
    options.heeds_shutting_down = plan.rules.heeds_shutting_down;
    options.refused_deletion_status = plan.rules.refused_deletion_status;
    options.transport = transport;
    options
}

/// Returns the profiles of agents as setting `RunnerProfiles` has them.
pub(super) fn profiles() -> impl Iterator<Item = Value> {
    AgentProfile::ALL.into_iter().map(|profile| {
        json!({
            "name": profile.name(), "service": "pipelines", "pipelinesPool": AGENT_POOL,
            "pool": AGENTS, "image": "pipelines-agent:ubuntu-24.04",
            "capabilities": { profile.capability(): "1" },
        })
    })
}
