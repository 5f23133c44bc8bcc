//! An emulated organization of Azure DevOps, whose jobs the deployment serves as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use azure_pipelines_emulator::{Options, Pipelines, Pool, subscription_to_jobs};
use emulator_core::events::EventContext;
use emulator_core::service::{Control, Listening, Service};
use handler::profiles::default_profiles;
use serde_json::{Value, json};

/// The pool of the organization's agents.
pub const AGENT_POOL: &str = "mayfly-linux";
/// The project with the pipelines.
pub const PROJECT: &str = "shop";
/// The profile of the agents.
const PROFILE: &str = "agent";
const ORGANIZATION: &str = "contoso";

/// A running organization.
pub struct Organization {
    /// The organization.
    pub service: Arc<Service<Pipelines>>,
    port: Listening,
    token: String,
    hook_password: String,
}

/// Starts the organization of the options, and adds the settings with which the handler serves it.
pub(super) async fn start(
    options: &mut super::Options,
    context: &EventContext,
    control: &Control,
) -> anyhow::Result<Option<Organization>> {
    let Some((token, hook_password)) = &options.organization else { return Ok(None) };
    let started = Organization::start((token, hook_password), context, control).await?;
    options.settings.extend(started.settings()?);
    Ok(Some(started))
}

/// Subscribes the handler to the events of the organization, if there is one.
pub(super) async fn subscribe(
    organization: Option<&Organization>,
    functions: &str,
    key: &str,
) -> anyhow::Result<()> {
    match organization {
        Some(organization) => organization.subscribe(functions, key).await,
        None => Ok(()),
    }
}

impl Organization {
    /// Starts an organization with a pool of agents and a project.
    async fn start(
        (token, hook_password): (&str, &str),
        context: &EventContext,
        control: &Control,
    ) -> anyhow::Result<Self> {
        let pipelines = Pipelines::new(Options::new(ORGANIZATION, token, 1), context.clone());
        pipelines.add_pool(Pool { auto_update: false, ..Pool::named(AGENT_POOL) });
        let service = Service::new(pipelines);
        let port = super::listen(&service, control).await?;
        let (token, hook_password) = (token.to_owned(), hook_password.to_owned());
        Ok(Self { service, port, token, hook_password })
    }

    /// Returns the handler's settings: one more profile, on the pool of the Ubuntu runners.
    fn settings(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut profiles = default_profiles("ubuntu", "windows")
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<Vec<Value>, _>>()
            .context("write the profiles")?;
        profiles.push(json!({
            "name": PROFILE, "service": "pipelines", "pipelinesPool": AGENT_POOL, "pool": "ubuntu",
            "image": "pipelines-agent:ubuntu-24.04",
        }));
        let settings = [
            ("RunnerProfiles", Value::from(profiles).to_string()),
            ("AzureDevOpsUrl", self.url()),
            ("AzureDevOpsToken", self.token.clone()),
            ("AzureDevOpsRanges", "127.0.0.1/32".to_owned()),
            ("AzureDevOpsHookPassword", self.hook_password.clone()),
        ];
        Ok(settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Subscribes the handler to the events of the project, as an operator does.
    async fn subscribe(&self, functions: &str, key: &str) -> anyhow::Result<()> {
        let project = self.service.emulator.add_project(PROJECT);
        let url = format!("{functions}/api/ProvidePipelinesAgent?code={key}");
        let body = subscription_to_jobs(&project, &url, &self.hook_password);
        let client = handler::transport::http_client(None)?;
        let hooks = format!("{}/_apis/hooks/subscriptions?api-version=7.1", self.url());
        let sent = client.post(hooks).basic_auth("", Some(&self.token)).json(&body).send().await;
        let status = sent.context("subscribe to the events of Azure Pipelines")?.status();
        ensure!(status.is_success(), "subscribe to the events of Azure Pipelines: {status}");
        Ok(())
    }

    fn url(&self) -> String {
        format!("{}/{ORGANIZATION}", self.port.url)
    }
}
