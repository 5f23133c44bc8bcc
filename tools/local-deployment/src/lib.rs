//! A complete deployment on loopback: the handler under the emulated Functions host, with emulated Azure and GitHub.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use azure_batch_emulator::Batch;
use azure_storage_emulator::{Account, Blobs, Queues};
use chrono::TimeDelta;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::guard::Guarded;
use emulator_core::service::{Control, Listening, Service, serve_on, serve_with};
use functions_host_emulator::FunctionsHost;
use github_emulator::GitHub;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use {
    azure_batch_emulator as batch, functions_host_emulator as functions, github_emulator as github,
};

pub mod archive;
pub mod agents;
pub mod release_build;
pub mod clock;
pub mod timeline;
mod folders;
mod nodes;
mod options;
mod organization;
mod platform;
mod secrets;
mod settings;
mod storage;

pub use folders::{app_files, write_image_scripts};
pub use nodes::{ContainerEngine, Pool, PoolKind};
pub use options::{GithubProxy, GithubProxyStart, Options};
pub use organization::{AGENT_POOL, Organization, PROJECT};
pub use platform::{FUNCTION_APP, IDENTITY_HEADER, Platform, SYSTEM_IDENTITY};
pub use secrets::Secrets;
pub use settings::{Demand, Registration, polling_settings};
pub use storage::Storage;

/// The storage account.
pub const STORAGE_ACCOUNT: &str = "mayflystorage";
/// The key of the storage account; a well-known value, for loopback only.
pub const STORAGE_KEY: &str = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5";
/// The Batch account.
pub const BATCH_ACCOUNT: &str = "mayfly";
/// The key of the Batch account; a well-known value, for loopback only.
pub const BATCH_KEY: &str = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWJhdGNoLWtleQ==";
/// The personal access token of the emulated GitHub.
pub const GITHUB_TOKEN: &str = "ghp_mayfly_on_one_machine";
/// The secret of the webhook.
pub const WEBHOOK_SECRET: &str = "mayfly-on-one-machine-webhook-secret";
/// The enterprise of all organizations of the emulated GitHub.
pub const ENTERPRISE: &str = "octo-enterprise";
/// The queue of runner requests.
pub const QUEUE: &str = "runner-requests";
/// The blob container of claims and other state.
pub const STATE: &str = "mayfly-state";

/// The parts that two deployments can share: GitHub and the clock.
pub struct SharedEnvironment {
    context: EventContext,
    github: Arc<Service<GitHub>>,
}

impl SharedEnvironment {
    fn new(options: &Options, folder: &Path) -> Self {
        let context = EventContext::new(Clock::shared_at(folder.join("clock")));
        Self { github: Service::new(new_github(options, &context)), context }
    }
}

/// A running deployment. [`LocalDeployment::shutdown`] ends it; dropping it kills its processes.
pub struct LocalDeployment {
    /// The clock and the event subscribers of all emulators.
    pub context: EventContext,
    /// The storage account that the handler uses.
    pub storage: Storage,
    /// The emulated storage account's queues.
    pub queues: Arc<Service<Queues>>,
    /// The emulated storage account's blobs.
    pub blobs: Arc<Service<Blobs>>,
    /// The Batch account.
    pub batch: Arc<Service<Batch>>,
    /// GitHub.
    pub github: Arc<Service<GitHub>>,
    /// The organization of Azure DevOps, if the options have one.
    pub organization: Option<Organization>,
    /// The platform services of the Function App.
    pub platform: Platform,
    /// The Functions host with the handler.
    pub functions: Arc<Service<FunctionsHost>>,
    /// The ports of all services.
    pub ports: Ports,
    /// The URL that GitHub's webhooks deliver to, with the function's key.
    pub webhook_url: String,
    /// The key of the functions.
    pub function_key: String,
    /// The application settings.
    pub settings: BTreeMap<String, String>,
    nodes: JoinHandle<()>,
    _containers: nodes::Containers,
    _folder: TempDir,
}

/// The ports of a running deployment.
pub struct Ports {
    /// The queues.
    pub queues: Listening,
    /// The blobs.
    pub blobs: Listening,
    /// Batch.
    pub batch: Listening,
    /// GitHub.
    pub github: Listening,
    /// The functions.
    pub functions: Listening,
}

impl LocalDeployment {
    /// Starts a deployment. When this returns, all services answer and the webhook is registered, unless it
    /// takes none.
    ///
    /// # Errors
    /// A port, a folder or a process is not available, or the handler rejects its settings; its message is quoted.
    pub async fn start(mut options: Options) -> anyhow::Result<Self> {
        let folder = create_folder(&options)?;
        let shared = options.shared.take();
        let SharedEnvironment { context, github } =
            shared.unwrap_or_else(|| SharedEnvironment::new(&options, folder.path()));
        let account = storage_account(&options.secrets)?;
        let queues = Service::new(Queues::new(account.clone(), context.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), context.clone()));
        let batch = Service::new(batch_account(&options, folder.path(), &context)?);
        let containers = nodes::Containers::new(folder.path(), options.engine.clone());
        let emulator = Arc::clone(&batch.emulator);
        let nodes = tokio::spawn(async move { emulator.run().await });

        let listener = TcpListener::bind(any_port()).await.context("bind a port on loopback")?;
        let control = Control::on_loopback(options.control_token.clone());
        let (queues_port, blobs_port) =
            (listen(&queues, &control).await?, listen(&blobs, &control).await?);
        let emulated = emulated_storage(&account, &context, &queues_port, &blobs_port);
        let storage = options.storage.take().unwrap_or(emulated);
        create_resources(&storage).await?;
        let addresses = settings::Addresses {
            batch: listen(&batch, &control).await?,
            github: listen(&github, &control).await?,
            functions: format!("http://{}", listener.local_addr()?),
        };

        let platform = Platform::start(&options.secrets, &context, &control).await?;
        let (webhook_secret, demand) = (options.secrets.webhook_secret.clone(), options.demand);
        let organization = organization::start(&mut options, &context, &control).await?;
        let (functions, key, settings) =
            functions_host(options, &folder, &context, &addresses, &storage, &platform).await?;
        let settings::Addresses { batch: batch_port, github: github_port, .. } = addresses;
        let functions_port = serve_on(Arc::clone(&functions), listener, &control).await?;
        let webhook_url = format!("{}/api/ProvideActionsRunner?code={key}", functions_port.url);
        add_webhook(&github.emulator, demand, &webhook_url, &webhook_secret);
        organization::subscribe(organization.as_ref(), &functions_port.url, &key).await?;
        let ports = Ports {
            queues: queues_port,
            blobs: blobs_port,
            batch: batch_port,
            github: github_port,
            functions: functions_port,
        };
        Ok(Self {
            context,
            storage,
            queues,
            blobs,
            batch,
            github,
            organization,
            platform,
            functions,
            ports,
            webhook_url,
            function_key: key,
            settings,
            nodes,
            _containers: containers,
            _folder: folder,
        })
    }

    /// Returns GitHub and the clock, for another deployment that shares them.
    pub fn share(&self) -> SharedEnvironment {
        SharedEnvironment { context: self.context.clone(), github: Arc::clone(&self.github) }
    }

    /// Ends the deployment: no process, port or folder remains.
    pub async fn shutdown(self) {
        self.functions.emulator.shutdown().await;
        self.batch.emulator.shutdown().await;
        self.nodes.abort();
    }
}

/// Registers the webhook, unless jobs become known by polling.
fn add_webhook(github: &GitHub, demand: Demand, url: &str, secret: &str) {
    if demand == Demand::Webhook {
        let octo = github::Scope::Organization("octo".to_owned());
        github.add_hook(url, secret, octo);
    }
}

/// Lets the guard of the options remove the folder, its processes and its containers.
fn guard(options: &Options, folder: &Path) {
    options.guard.watch(&Guarded::Folder(folder.to_owned()));
    if let Some(ContainerEngine { program: engine, .. }) = &options.engine {
        for filter in
            [nodes::container_filter(folder), batch::launch::container_filter(BATCH_ACCOUNT)]
        {
            options.guard.watch(&Guarded::Containers { engine: engine.clone(), filter });
        }
    }
}

/// Returns the emulated storage account, with a signature that outlives any test.
fn emulated_storage(
    account: &Account,
    context: &EventContext,
    queues: &Listening,
    blobs: &Listening,
) -> Storage {
    Storage {
        queues: format!("{}/{STORAGE_ACCOUNT}", queues.url),
        blobs: format!("{}/{STORAGE_ACCOUNT}", blobs.url),
        signature: account.sas(context.clock.now() + TimeDelta::days(365)),
    }
}

/// Creates the queue and the container, unless they exist.
async fn create_resources(storage: &Storage) -> anyhow::Result<()> {
    let client = handler::transport::http_client(None)?;
    storage.create_queue(&client).await?;
    storage.create_container(&client).await
}

fn new_github(options: &Options, context: &EventContext) -> Arc<GitHub> {
    let mut github = github::Options::new(&options.secrets.github_token, options.seed);
    github.enterprise = Some(ENTERPRISE.to_owned());
    github.idle_removal = options.idle_removal;
    github.personal_accounts.clone_from(&options.personal_accounts);
    github.rate_limit = options.rate_limit.unwrap_or(github.rate_limit);
    GitHub::new(github, context.clone())
}

/// Starts the handler under its host. Returns the host, the key of its functions, and its settings.
async fn functions_host(
    options: Options,
    folder: &TempDir,
    context: &EventContext,
    addresses: &settings::Addresses,
    storage: &Storage,
    platform: &Platform,
) -> anyhow::Result<(Arc<Service<FunctionsHost>>, String, BTreeMap<String, String>)> {
    let app = folders::write_app(folder.path(), &options.program, options.package.as_deref())?;
    let mut host = functions::Options::new(app);
    host.settings = settings::application_settings(addresses, storage, options.registration);
    host.settings.extend(settings::secret_settings(&options.secrets));
    host.settings.extend(platform.settings());
    host.function_key.clone_from(&options.secrets.function_key);
    host.master_key.clone_from(&options.secrets.master_key);
    if let Some(start) = options.github_proxy {
        let url = start(addresses.github.url.clone()).await.context("start the GitHub proxy")?;
        host.settings.insert("GithubApiUrl".to_owned(), url);
    }
    if let Some(api) = &options.github_api {
        host.settings.insert("GithubApiUrl".to_owned(), api.to_string());
    }
    if let Some(file) = context.clock.shared_file() {
        host.settings.insert(clock::CLOCK_FILE_VARIABLE.to_owned(), file.display().to_string());
    }
    if options.demand == Demand::Polling {
        host.settings.extend(polling_settings());
    }
    host.settings.extend(options.settings);
    // Callers connect directly, and the webhook's filter trusts what the front end appends.
    host.front_end = true;
    host.manual_timers = options.manual_timers;
    host.message_cost = options.message_cost;
    host.log = options.log;
    let (key, settings) = (host.function_key.clone(), host.settings.clone());
    let host = FunctionsHost::start(host, context.clone()).await.context("start the handler")?;
    Ok((Service::new(host), key, settings))
}

fn storage_account(secrets: &Secrets) -> anyhow::Result<Account> {
    let account = Account::new(STORAGE_ACCOUNT, &secrets.storage_key)?;
    Ok(match &secrets.token_key {
        Some(key) => account.with_token_key(key.clone()),
        None => account,
    })
}

fn batch_account(
    options: &Options,
    folder: &Path,
    context: &EventContext,
) -> anyhow::Result<Arc<Batch>> {
    let engine = options.engine.as_ref();
    let (program, pools) = (&options.program, &options.pools);
    let nodes = nodes::Nodes::install(folder, program, pools, engine, options.temporary)?;
    let mut launcher = options.launcher.clone().unwrap_or_else(|| Arc::new(nodes));
    if options.organization.is_some() {
        let agents = Arc::new(agents::AgentContainers::default());
        agents.set_clock(context.clock.clone());
        launcher = Arc::new(agents::AgentLauncher { agents, others: Some(launcher) });
    }
    let work_dir = folders::nodes(folder);
    let mut account =
        batch::Options::new(BATCH_ACCOUNT, &options.secrets.batch_key, launcher, work_dir);
    account.bearer.clone_from(&options.batch_bearer);
    account.accepts_tokens = options.batch_tokens;
    account.rules.clone_from(&options.batch_rules);
    account.token_key.clone_from(&options.secrets.token_key);
    account.pools = options.pools.iter().map(|pool| pool.options(options.nodes)).collect();
    Ok(Batch::new(account, context.clone())?)
}

/// Creates the folder of the deployment, which the guard of the options removes if this process cannot.
fn create_folder(options: &Options) -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("mayfly-").tempdir();
    let folder = folder.context("create a folder for the deployment")?;
    guard(options, folder.path());
    folders::make_traversable(folder.path())?;
    Ok(folder)
}

async fn listen<E: emulator_core::service::Emulator>(
    service: &Arc<Service<E>>,
    control: &Control,
) -> anyhow::Result<Listening> {
    let listening = serve_with(Arc::clone(service), any_port(), None, control).await;
    listening.context("bind a port on loopback")
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
