//! Sets up one deployment: its Batch account, its storage account, its Functions host and its processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use azure_batch_emulator::Batch;
use azure_storage_emulator::{Account, Blobs, Queues};
use chrono::TimeDelta;
use emulator_core::events::EventContext;
use emulator_core::service::{Response, Service};
use functions_host_emulator::{self as functions, FunctionsHost, InProcess};
use github_emulator::GitHub;
use handler::clock::Clock;
use handler::schedule::DEFAULT_SCHEDULE;
use handler::settings::Settings;
use http::header;

use super::batch_client;
use super::function_groups::FunctionGroups;
use super::network::FaultyNetwork;
use super::nodes::Nodes;
use super::organization::{self, OrganizationRun};
use crate::scenario::{Deployment, Level, Scenario};
use local_deployment::{
    BATCH_ACCOUNT, BATCH_KEY, GITHUB_TOKEN, QUEUE, STATE, STORAGE_ACCOUNT, STORAGE_KEY, Storage,
    WEBHOOK_SECRET, polling_settings,
};

mod account;
mod node_losses;
mod transports;

pub(super) use account::formula;

/// GitHub, and the organization of Azure DevOps if the deployment serves one.
type Services<'a> = (&'a Arc<Service<GitHub>>, Option<&'a Arc<OrganizationRun>>);

/// One deployment of the handler with its emulated services.
pub(super) struct DeploymentRun {
    pub(super) deployment: Deployment,
    /// The application settings.
    settings: BTreeMap<String, String>,
    pub(super) batch: Arc<Service<Batch>>,
    pub(super) queues: Arc<Service<Queues>>,
    pub(super) blobs: Arc<Service<Blobs>>,
    pub(super) host: Arc<Service<FunctionsHost>>,
    pub(super) groups: Arc<FunctionGroups>,
    /// The offset of the handler's clock, in milliseconds.
    pub(super) skew: Arc<AtomicI64>,
    pub(super) nodes: Arc<Nodes>,
}

impl DeploymentRun {
    /// Starts a deployment; `app` is the folder with its app's files.
    pub(super) async fn start(
        scenario: &Scenario,
        place: usize,
        (network, (github, organization)): (&Arc<FaultyNetwork>, Services<'_>),
        app: &Path,
    ) -> Arc<Self> {
        let deployment = scenario.deployments[place].clone();
        let site = EventContext::new(network.clock.clone());
        forward_events(place, &site, network);
        let account = Account::new(STORAGE_ACCOUNT, STORAGE_KEY).expect("the key is base64");
        let queues = Service::new(Queues::new(account.clone(), site.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), site.clone()));
        let name = &deployment.name;
        let storage = Storage {
            queues: format!("http://queues.{name}.localhost/{STORAGE_ACCOUNT}"),
            blobs: format!("http://blobs.{name}.localhost/{STORAGE_ACCOUNT}"),
            signature: account.sas(network.clock.now() + TimeDelta::days(365)),
        };
        let nodes = Nodes::new(place, network, (github, organization));
        let batch = account::open(scenario, &deployment, place, &nodes, &site).await;
        nodes.set_batch(&batch);
        node_losses::begin(&deployment, &site, (network, github), &batch);
        let mut settings = settings(&deployment, &storage, &allowed(scenario, &deployment, None));
        if organization.is_some() {
            settings.extend(agent_settings(&deployment));
        }
        let skew = Arc::new(AtomicI64::new(0));
        let azure = (&batch, &queues, &blobs);
        let transports = transports::of_handler(place, network, azure, (github, organization));
        let clock = skewed(network, &skew);
        let start = (read(&settings), clock, transports);
        let groups = FunctionGroups::new(place, start, Arc::clone(network));
        let within = InProcess {
            handler: groups.transport(),
            storage: transports::of_host(place, network, &queues),
            kill: groups.kill_function(),
        };
        prepare(&storage, &queues, &blobs).await;
        let host = host(app, settings.clone(), within, scenario.seed, site).await;
        groups.host.set(&host);
        nodes.host.set(&host);
        Arc::new(Self { deployment, settings, batch, queues, blobs, host, groups, skew, nodes })
    }

    /// Removes a repository from the settings, or none, and starts all processes again with them.
    pub(super) fn configure_without(&self, scenario: &Scenario, repository: Option<&str>) {
        let allowed = allowed(scenario, &self.deployment, repository);
        let mut settings = self.settings.clone();
        settings.insert("AllowedRepositories".to_owned(), allowed);
        self.groups.configure(read(&settings));
    }

    /// Returns the URL that GitHub delivers to.
    pub(super) fn hook(&self) -> String {
        format!("https://{}.test/api/ProvideActionsRunner?code=function-key", self.deployment.name)
    }

    /// Sends Batch a request with the account's token.
    pub(super) async fn call_batch(&self, path: &str, body: &serde_json::Value) -> Response {
        batch_client::call(&self.batch, path, body).await
    }
}

/// Forwards the events of a deployment to the recorder.
fn forward_events(place: usize, site: &EventContext, network: &Arc<FaultyNetwork>) {
    let (mut events, recorder) = (site.subscribe(), Arc::clone(&network.recorder));
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            recorder.on_event(place, &event);
        }
    });
}

/// Returns the value of AllowedRepositories: full names, and a pattern for a repository that is renamed.
fn allowed(scenario: &Scenario, deployment: &Deployment, without: Option<&str>) -> String {
    let served = deployment.repositories.iter().filter(|name| Some(name.as_str()) != without);
    let entries = served.map(|name| match scenario.renames(name) {
        true => format!("{name}*"),
        false => name.clone(),
    });
    entries.collect::<Vec<_>>().join(",")
}

fn settings(deployment: &Deployment, storage: &Storage, allowed: &str) -> BTreeMap<String, String> {
    let name = &deployment.name;
    let (scope, group) = match deployment.level {
        Level::Repository => ("repository", "Default"),
        Level::Organization => ("organization", name.as_str()),
    };
    let profiles = serde_json::to_string(&deployment.profiles()).expect("plain fields");
    let settings = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "1".to_owned()),
        ("AzureWebJobsStorage", storage.connection_string()),
        ("RunnerQueueUrl", storage.queue_url()),
        ("StateContainerUrl", storage.state_url()),
        ("ClaimUrl", format!("https://{name}.test/api/ClaimRunner")),
        ("BatchAccountUrl", format!("https://batch.{name}.test")),
        ("BatchAccountName", BATCH_ACCOUNT.to_owned()),
        ("BatchAccountKey", BATCH_KEY.to_owned()),
        ("ContainerRegistryServer", "registry.test".to_owned()),
        ("DeploymentName", name.clone()),
        ("GithubToken", GITHUB_TOKEN.to_owned()),
        ("GithubWebhookSecret", WEBHOOK_SECRET.to_owned()),
        ("GithubHookRanges", "any".to_owned()),
        ("TicketKey", format!("the-ticket-key-of-deployment-{name}")),
        ("ReconcileSchedule", DEFAULT_SCHEDULE.to_owned()),
        ("RunnerScope", scope.to_owned()),
        ("RunnerGroup", group.to_owned()),
        ("AllowedRepositories", allowed.to_owned()),
        ("MaxJobHours", deployment.max_job_hours.to_string()),
        ("RunnerProfiles", profiles),
    ];
    let mut settings: BTreeMap<String, String> =
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if deployment.wakes.is_some() {
        settings.insert("WakePools".to_owned(), "true".to_owned());
    }
    if deployment.polls {
        settings.extend(polling_settings());
    }
    settings
}

/// Returns the settings of a deployment that serves agents: all profiles, and the organization.
fn agent_settings(deployment: &Deployment) -> BTreeMap<String, String> {
    let of_runners = deployment.profiles();
    let of_runners =
        of_runners.iter().map(|profile| serde_json::to_value(profile).expect("plain fields"));
    let profiles: serde_json::Value = of_runners.chain(organization::profiles()).collect();
    let profiles = ("RunnerProfiles".to_owned(), profiles.to_string());
    OrganizationRun::settings().into_iter().chain([profiles]).collect()
}

fn read(settings: &BTreeMap<String, String>) -> Settings {
    let read = Settings::read(|name| settings.get(name).cloned());
    read.expect("the settings of a simulation are valid")
}

fn skewed(network: &Arc<FaultyNetwork>, skew: &Arc<AtomicI64>) -> Clock {
    let (clock, skew) = (network.clock.clone(), Arc::clone(skew));
    Clock::from_fn(move || clock.now() + TimeDelta::milliseconds(skew.load(Ordering::Relaxed)))
}

/// Makes the queue and the container, as the template does.
async fn prepare(storage: &Storage, queues: &Arc<Service<Queues>>, blobs: &Arc<Service<Blobs>>) {
    let put = |url: String| {
        let request = http::Request::put(url).header("x-ms-version", "2026-04-06");
        request.header(header::CONTENT_LENGTH, "0").body(bytes::Bytes::new()).expect("a request")
    };
    let made = queues.call(put(storage.queue_url())).await.expect("an answer");
    assert!(made.status().is_success(), "{QUEUE}: {:?}", made.body());
    let made = blobs.call(put(format!("{}&restype=container", storage.state_url()))).await;
    let made = made.expect("an answer");
    assert!(made.status().is_success(), "{STATE}: {:?}", made.body());
}

async fn host(
    app: &Path,
    settings: BTreeMap<String, String>,
    within: InProcess,
    seed: u64,
    site: EventContext,
) -> Arc<Service<FunctionsHost>> {
    let mut options = functions::Options::new(app);
    options.settings = settings;
    options.seed = seed;
    options.front_end = true;
    options.message_cost = functions::MESSAGE_COST;
    options.in_process = Some(within);
    let host = FunctionsHost::start(options, site).await;
    Service::new(host.expect("the app's files are those of the package"))
}
