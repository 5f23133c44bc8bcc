//! Builds the road of one deployment: its Batch account, its storage account, its host and its processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use emulators::batch::{self, Batch, PoolOptions};
use emulators::events::Site;
use emulators::functions::{self, FunctionsHost, Within};
use emulators::github::GitHub;
use emulators::service::{Request, Response, Service};
use emulators::storage::{Account, Blobs, Queues};
use futures::FutureExt;
use handler::clock::Clock;
use handler::settings::Settings;
use handler::transport::{Wire, Wires};
use http::{HeaderValue, header};
use serde_json::json;

use super::groups::Groups;
use super::nodes::Nodes;
use super::weather::{Broken, Weather};
use crate::cloud::{
    BATCH_ACCOUNT, BATCH_KEY, GITHUB_TOKEN, QUEUE, STATE, STORAGE_ACCOUNT, STORAGE_KEY, Storage,
    WEBHOOK_SECRET,
};
use crate::storm::fate::Callee;
use crate::storm::plan::{Deployment, Level, Plan, Pool};

/// The token by which the storm itself asks Batch for something.
const BEARER: &str = "storm";
/// How often the host polls a queue that was empty.
const POLL: Duration = Duration::from_secs(2);
/// The formula that the template brings.
const FORMULA: &str = include_str!("../../../../../arm/autoscale/dedicated.txt");

/// The road of one deployment.
pub(super) struct Road {
    pub(super) deployment: Deployment,
    pub(super) batch: Arc<Service<Batch>>,
    pub(super) queues: Arc<Service<Queues>>,
    pub(super) blobs: Arc<Service<Blobs>>,
    pub(super) host: Arc<Service<FunctionsHost>>,
    pub(super) groups: Arc<Groups>,
    /// How far the handler's clock is ahead, in milliseconds.
    pub(super) skew: Arc<AtomicI64>,
}

impl Road {
    /// Lays the road of a deployment, whose app's files are in a folder.
    pub(super) async fn lay(
        plan: &Plan,
        place: usize,
        (weather, github): (&Arc<Weather>, &Arc<Service<GitHub>>),
        app: &Path,
    ) -> Arc<Self> {
        let deployment = plan.deployments[place].clone();
        let site = Site::new(weather.clock.clone());
        listen(place, &site, weather);
        let account = Account::new(STORAGE_ACCOUNT, STORAGE_KEY).expect("the key is base64");
        let queues = Service::new(Queues::new(account.clone(), site.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), site.clone()));
        let name = &deployment.name;
        let storage = Storage {
            queues: format!("http://queues.{name}.test/{STORAGE_ACCOUNT}"),
            blobs: format!("http://blobs.{name}.test/{STORAGE_ACCOUNT}"),
            signature: account.sas(weather.clock.now() + TimeDelta::days(365)),
        };
        let nodes = Nodes::new(place, weather, github);
        let batch = batch(plan, &deployment, place, &nodes, &site).await;
        let settings = settings(&deployment, &storage);
        let skew = Arc::new(AtomicI64::new(0));
        let wires = wires(weather, &batch, &queues, &blobs, github);
        let read = Settings::read(|name| settings.get(name).cloned());
        let read = read.expect("a storm's settings are good");
        let clock = skewed(weather, &skew);
        let groups = Groups::new(place, (read, clock, wires), Arc::clone(weather));
        let within = Within { handler: groups.wire(), storage: of_host(weather, &queues) };
        prepare(&storage, &queues, &blobs).await;
        let host = host(app, settings, within, plan.seed, site).await;
        let known =
            groups.host.set(Arc::clone(&host)).is_ok() && nodes.host.set(Arc::clone(&host)).is_ok();
        assert!(known, "a road has one host");
        Arc::new(Self { deployment, batch, queues, blobs, host, groups, skew })
    }

    /// Tells where GitHub delivers to.
    pub(super) fn hook(&self) -> String {
        format!("https://{}.test/api/ProvideActionsRunner?code=function-key", self.deployment.name)
    }

    /// Asks Batch for something on behalf of somebody who may.
    pub(super) async fn ask_batch(&self, path: &str, body: &serde_json::Value) -> Response {
        ask_batch(&self.batch, path, body).await
    }
}

async fn ask_batch(batch: &Arc<Service<Batch>>, path: &str, body: &serde_json::Value) -> Response {
    let request = http::Request::post(format!("https://batch.test{path}?api-version=2025-06-01"))
        .header(header::AUTHORIZATION, format!("Bearer {BEARER}"))
        .header(header::CONTENT_TYPE, "application/json; odata=minimalmetadata")
        .body(body.to_string().into());
    let answer = batch.call(request.expect("a request")).await;
    answer.expect("nothing is lost on this way")
}

/// Tells the chronicle of what happens on this road.
fn listen(place: usize, site: &Site, weather: &Arc<Weather>) {
    let (mut events, chronicle) = (site.listen(), Arc::clone(&weather.chronicle));
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            chronicle.heard(place, &event);
        }
    });
}

async fn batch(
    plan: &Plan,
    deployment: &Deployment,
    place: usize,
    nodes: &Arc<Nodes>,
    site: &Site,
) -> Arc<Service<Batch>> {
    let launcher = Arc::clone(nodes);
    let mut account = batch::Options::new(
        BATCH_ACCOUNT,
        BATCH_KEY,
        Arc::new(super::nodes::Launching(launcher)),
        "unused".into(),
    );
    account.bearer = Some(BEARER.to_owned());
    account.seed = plan.seed ^ place as u64;
    account.rules.quota.dedicated_cores = u32::MAX;
    account.pools = deployment.pools.iter().filter(|pool| !pool.scaled).map(fixed).collect();
    let batch = Service::new(Batch::new(account, site.clone()).expect("the key is base64"));
    for pool in deployment.pools.iter().filter(|pool| pool.scaled) {
        let added = ask_batch(&batch, "/pools", &scaled(pool)).await;
        assert!(added.status().is_success(), "{:?}", added.body());
    }
    tokio::spawn({
        let batch = Arc::clone(&batch.emulator);
        async move { batch.run().await }
    });
    batch
}

fn fixed(pool: &Pool) -> PoolOptions {
    PoolOptions {
        id: pool.id.clone(),
        nodes: pool.nodes as usize,
        slots: 1,
        containers: runs_containers(pool),
        display: pool.id.clone(),
    }
}

/// Windows nodes start containers themselves.
fn runs_containers(pool: &Pool) -> bool {
    pool.id != "windows"
}

fn scaled(pool: &Pool) -> serde_json::Value {
    let image = json!({ "publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404" });
    let mut machine =
        json!({ "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04" });
    if runs_containers(pool) {
        machine["containerConfiguration"] = json!({ "type": "dockerCompatible" });
    }
    json!({
        "id": pool.id,
        "vmSize": "Standard_D2s_v5",
        "virtualMachineConfiguration": machine,
        "enableAutoScale": true,
        "autoScaleFormula": formula(pool),
        "autoScaleEvaluationInterval": "PT5M",
    })
}

/// The formula of a scaled pool.
pub(super) fn formula(pool: &Pool) -> String {
    FORMULA.replace("maxNodes = 10;", &format!("maxNodes = {};", pool.nodes))
}

fn settings(deployment: &Deployment, storage: &Storage) -> BTreeMap<String, String> {
    let name = &deployment.name;
    let (scope, group) = match deployment.level {
        Level::Repository => ("repository", "Default"),
        Level::Organization => ("organization", name.as_str()),
    };
    let settings = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "1".to_owned()),
        ("AzureWebJobsStorage", storage.connection()),
        ("RunnerQueueUrl", storage.queue()),
        ("StateContainerUrl", storage.state()),
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
        ("RunnerScope", scope.to_owned()),
        ("RunnerGroup", group.to_owned()),
        ("AllowedRepositories", deployment.repositories.join(",")),
        ("MaxJobHours", deployment.max_job_hours.to_string()),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn skewed(weather: &Arc<Weather>, skew: &Arc<AtomicI64>) -> Clock {
    let (clock, skew) = (weather.clock.clone(), Arc::clone(skew));
    Clock::telling(move || clock.now() + TimeDelta::milliseconds(skew.load(Ordering::Relaxed)))
}

fn wires(
    weather: &Arc<Weather>,
    batch: &Arc<Service<Batch>>,
    queues: &Arc<Service<Queues>>,
    blobs: &Arc<Service<Blobs>>,
    github: &Arc<Service<GitHub>>,
) -> Wires {
    let (w, batch) = (Arc::clone(weather), Arc::clone(batch));
    let (queues, blobs) = (Arc::clone(queues), Arc::clone(blobs));
    let azure = move |request: Request| {
        let (w, batch) = (Arc::clone(&w), Arc::clone(&batch));
        let (queues, blobs) = (Arc::clone(&queues), Arc::clone(&blobs));
        async move {
            let answer = match request.uri().host().unwrap_or_default().split('.').next() {
                Some("batch") => w.carry(Callee::Batch, &batch, request).await,
                Some("queues") => w.carry(Callee::Queues, &queues, request).await,
                Some("blobs") => w.carry(Callee::Blobs, &blobs, request).await,
                _ => Err(Broken::Before),
            };
            Ok(answer?)
        }
    };
    let (w, github) = (Arc::clone(weather), Arc::clone(github));
    let outside = move |mut request: Request| {
        let (w, github) = (Arc::clone(&w), Arc::clone(&github));
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("mayfly"));
        async move { Ok(w.carry(Callee::Github, &github, request).await?) }
    };
    Wires { azure: Wire::new(azure), outside: Wire::new(outside) }
}

/// Makes the host's way to the queues.
///
/// It polls every two seconds, for days: a poll of a queue that shows nothing has to wait until it does.
fn of_host(weather: &Arc<Weather>, queues: &Arc<Service<Queues>>) -> emulators::github::wire::Wire {
    let (weather, queues) = (Arc::clone(weather), Arc::clone(queues));
    Arc::new(move |request| {
        let (weather, queues) = (Arc::clone(&weather), Arc::clone(&queues));
        async move {
            let polls = request.method() == http::Method::GET;
            while polls && !queues.emulator.messages(QUEUE).iter().any(|message| message.visible) {
                weather.pass(POLL).await;
            }
            Ok(weather.carry(Callee::Host, &queues, request).await?)
        }
        .boxed()
    })
}

/// Makes the queue and the container, which the template would have made.
async fn prepare(storage: &Storage, queues: &Arc<Service<Queues>>, blobs: &Arc<Service<Blobs>>) {
    let put = |url: String| {
        let request = http::Request::put(url).header("x-ms-version", "2026-04-06");
        request.header(header::CONTENT_LENGTH, "0").body(bytes::Bytes::new()).expect("a request")
    };
    let made = queues.call(put(storage.queue())).await.expect("an answer");
    assert!(made.status().is_success(), "{QUEUE}: {:?}", made.body());
    let made = blobs.call(put(format!("{}&restype=container", storage.state()))).await;
    let made = made.expect("an answer");
    assert!(made.status().is_success(), "{STATE}: {:?}", made.body());
}

async fn host(
    app: &Path,
    settings: BTreeMap<String, String>,
    within: Within,
    seed: u64,
    site: Site,
) -> Arc<Service<FunctionsHost>> {
    let mut options = functions::Options::new(app);
    options.settings = settings;
    options.seed = seed;
    options.within = Some(within);
    let host = FunctionsHost::start(options, site).await;
    Service::new(host.expect("the app is the one that is shipped"))
}
