//! The whole road on loopback: the handler's processes, and all that is around them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use azure_batch_emulator::Batch;
use azure_batch_emulator::launch::{Launcher, TemporaryFolder};
use azure_storage_emulator::{Account, Blobs, Queues};
use chrono::TimeDelta;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Listening, Service, serve, serve_on};
use functions_host_emulator::{FunctionsHost, Log};
use github_emulator::GitHub;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use {
    azure_batch_emulator as batch, functions_host_emulator as functions, github_emulator as github,
};

pub mod archive;
pub mod followed;
pub mod timeline;
mod folders;
mod nodes;
mod platform;
mod settings;
mod storage;

pub use folders::app_files;
pub use nodes::{Engine, Kind, Pool};
pub use platform::{FUNCTION_APP, Platform};
pub use settings::Registration;
pub use storage::Storage;

/// The storage account of a run.
pub const STORAGE_ACCOUNT: &str = "mayflystorage";
/// The key of the storage account; a well-known value, for loopback alone.
pub const STORAGE_KEY: &str = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5";
/// The Batch account of a run.
pub const BATCH_ACCOUNT: &str = "mayfly";
/// The key of the Batch account; a well-known value, for loopback alone.
pub const BATCH_KEY: &str = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWJhdGNoLWtleQ==";
/// The personal access token of a run's GitHub.
pub const GITHUB_TOKEN: &str = "ghp_mayfly_on_one_machine";
/// The secret of a run's webhook.
pub const WEBHOOK_SECRET: &str = "mayfly-on-one-machine-webhook-secret";
/// The enterprise that has all organizations of a run's GitHub.
pub const ENTERPRISE: &str = "octo-enterprise";
/// The queue of runner requests.
pub const QUEUE: &str = "runner-requests";
/// The container of claims.
pub const STATE: &str = "mayfly-state";

/// Puts something between the handler and GitHub: takes GitHub's address, gives the one that the handler calls.
///
/// What the handler calls there beside the API, the pages that runners register at, is to be passed on.
pub type GithubFront = Box<dyn FnOnce(String) -> Fronting + Send>;
/// The work of a [`GithubFront`].
pub type Fronting = Pin<Box<dyn Future<Output = anyhow::Result<String>> + Send>>;

/// How a run of the road is built.
pub struct Options {
    /// A program that is the handler when it is called `handler`, and GitHub's runner when it is called
    /// `Runner.Listener`.
    pub program: PathBuf,
    /// The package that holds the handler, in place of `program`.
    pub package: Option<PathBuf>,
    /// How a runner comes to its credential.
    pub registration: Registration,
    /// How many nodes each pool has.
    pub nodes: u32,
    /// The pools.
    pub pools: Vec<Pool>,
    /// What runs containers: where there is none, the entrypoint is a process of this machine.
    pub engine: Option<Engine>,
    /// The limits of a task's temporary folder, where an entrypoint is a process; none otherwise.
    pub temporary: Option<TemporaryFolder>,
    /// What runs tasks in place of the nodes' own means.
    pub launcher: Option<Arc<dyn Launcher>>,
    /// The storage account in place of the emulated one.
    pub storage: Option<Storage>,
    /// The token that Batch accepts besides signatures.
    pub batch_bearer: Option<String>,
    /// Application settings besides, or in place of, the usual ones.
    pub settings: BTreeMap<String, String>,
    /// Whether the handler's timers fire by hand alone.
    pub timers_by_hand: bool,
    /// After how long GitHub removes an idle runner; never where there is none.
    pub idle_removal: Option<Duration>,
    /// What GitHub draws lots from, and with it which runner gets which job.
    pub seed: u64,
    /// API requests that GitHub grants a caller an hour; 5,000 unless told.
    pub rate_limit: Option<u32>,
    /// The GitHub that another road has already, and its time; one of its own otherwise.
    pub beside: Option<Beside>,
    /// What stands between the handler and GitHub, if anything.
    pub github_front: Option<GithubFront>,
    /// What takes the handler's log.
    pub log: Log,
}

impl Options {
    /// Makes options with four nodes a pool and tasks that run as processes.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            package: None,
            registration: Registration::Jit,
            nodes: 4,
            pools: Pool::usual(),
            engine: None,
            temporary: None,
            launcher: None,
            storage: None,
            batch_bearer: None,
            settings: BTreeMap::new(),
            timers_by_hand: false,
            idle_removal: None,
            seed: 1,
            rate_limit: None,
            beside: None,
            github_front: None,
            log: Arc::new(|_| {}),
        }
    }
}

/// What two roads share: GitHub, and the time.
pub struct Beside {
    site: EventContext,
    github: Arc<Service<GitHub>>,
}

/// A running road. [`Cloud::shutdown`] ends it; dropping it kills its processes.
pub struct Cloud {
    /// The time and the listeners of all emulators.
    pub site: EventContext,
    /// The storage account that the road goes over.
    pub storage: Storage,
    /// The emulated storage account's queues.
    pub queues: Arc<Service<Queues>>,
    /// The emulated storage account's blobs.
    pub blobs: Arc<Service<Blobs>>,
    /// The Batch account.
    pub batch: Arc<Service<Batch>>,
    /// GitHub.
    pub github: Arc<Service<GitHub>>,
    /// What the platform offers the Function App.
    pub platform: Platform,
    /// The Functions host with the handler.
    pub functions: Arc<Service<FunctionsHost>>,
    /// Where everything answers.
    pub ports: Ports,
    /// The address that GitHub's hooks deliver to, with the function's key.
    pub hook: String,
    /// The key of the functions.
    pub function_key: String,
    /// The application settings.
    pub settings: BTreeMap<String, String>,
    nodes: JoinHandle<()>,
    _containers: nodes::Containers,
    _folder: TempDir,
}

/// The ports of a running road.
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

impl Cloud {
    /// Starts the road: everything answers, and the webhook is registered, when this returns.
    ///
    /// # Errors
    /// A port, a folder or a process could not be had; the handler's refusal is quoted.
    pub async fn start(mut options: Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mayfly-").tempdir();
        let folder = folder.context("make a folder for this run")?;
        folders::let_through(folder.path())?;
        let Beside { site, github } = options.beside.take().unwrap_or_else(|| {
            let site = EventContext::new(Clock::shared_at(folder.path().join("clock")));
            Beside { github: Service::new(github_like(&options, &site)), site }
        });
        let account = Account::new(STORAGE_ACCOUNT, STORAGE_KEY)?;
        let queues = Service::new(Queues::new(account.clone(), site.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), site.clone()));
        let batch = Service::new(batch_account(&options, folder.path(), &site)?);
        let containers = nodes::Containers::of(folder.path(), options.engine.clone());
        let nodes = tokio::spawn({
            let batch = Arc::clone(&batch.emulator);
            async move { batch.run().await }
        });

        let front = TcpListener::bind(any_port()).await.context("bind a port on loopback")?;
        let (q, b) = (listen(&queues).await?, listen(&blobs).await?);
        let storage = options.storage.take().unwrap_or_else(|| Storage {
            queues: format!("{}/{STORAGE_ACCOUNT}", q.url),
            blobs: format!("{}/{STORAGE_ACCOUNT}", b.url),
            signature: account.sas(site.clock.now() + TimeDelta::days(365)),
        });
        let client = handler::transport::http_client(None)?;
        storage.make_queue(&client).await?;
        storage.make_container(&client).await?;
        let address = settings::Addresses {
            batch: listen(&batch).await?,
            github: listen(&github).await?,
            functions: format!("http://{}", front.local_addr()?),
        };

        let platform = Platform::start(&site).await?;
        let (functions, key, settings) =
            functions_host(options, &folder, &site, &address, &storage, &platform).await?;
        let settings::Addresses { batch: ba, github: g, .. } = address;
        let front = serve_on(Arc::clone(&functions), front).await?;
        let hook = format!("{}/api/ProvideActionsRunner?code={key}", front.url);
        let octo = github::Scope::Organization("octo".to_owned());
        github.emulator.add_hook(&hook, WEBHOOK_SECRET, octo);
        let ports = Ports { queues: q, blobs: b, batch: ba, github: g, functions: front };
        Ok(Self {
            site,
            storage,
            queues,
            blobs,
            batch,
            github,
            platform,
            functions,
            ports,
            hook,
            function_key: key,
            settings,
            nodes,
            _containers: containers,
            _folder: folder,
        })
    }

    /// Lets another road share this one's GitHub and time.
    pub fn beside(&self) -> Beside {
        Beside { site: self.site.clone(), github: Arc::clone(&self.github) }
    }

    /// Ends the road: no process, port or folder is left.
    pub async fn shutdown(self) {
        self.functions.emulator.shutdown().await;
        self.batch.emulator.shutdown().await;
        self.nodes.abort();
    }
}

fn github_like(options: &Options, site: &EventContext) -> Arc<GitHub> {
    let mut github = github::Options::new(GITHUB_TOKEN, options.seed);
    github.enterprise = Some(ENTERPRISE.to_owned());
    github.idle_removal = options.idle_removal;
    github.rate_limit = options.rate_limit.unwrap_or(github.rate_limit);
    GitHub::new(github, site.clone())
}

/// Starts the handler under its host; returns the host with the key of its functions, and its settings.
async fn functions_host(
    options: Options,
    folder: &TempDir,
    site: &EventContext,
    address: &settings::Addresses,
    storage: &Storage,
    platform: &Platform,
) -> anyhow::Result<(Arc<Service<FunctionsHost>>, String, BTreeMap<String, String>)> {
    let app = folders::lay_app(folder.path(), &options.program, options.package.as_deref())?;
    let mut host = functions::Options::new(app);
    host.settings = settings::application_settings(address, storage, options.registration);
    host.settings.extend(platform.settings());
    if let Some(front) = options.github_front {
        let url = front(address.github.url.clone()).await.context("put a front before GitHub")?;
        host.settings.insert("GithubApiUrl".to_owned(), url);
    }
    if let Some(file) = site.clock.shared_file() {
        host.settings.insert(followed::VARIABLE.to_owned(), file.display().to_string());
    }
    host.settings.extend(options.settings);
    host.timers_by_hand = options.timers_by_hand;
    host.log = options.log;
    let (key, settings) = (host.function_key.clone(), host.settings.clone());
    let host = FunctionsHost::start(host, site.clone()).await.context("start the handler")?;
    Ok((Service::new(host), key, settings))
}

fn batch_account(
    options: &Options,
    folder: &Path,
    site: &EventContext,
) -> anyhow::Result<Arc<Batch>> {
    let engine = options.engine.as_ref();
    let (program, pools) = (&options.program, &options.pools);
    let nodes = nodes::Nodes::furnish(folder, program, pools, engine, options.temporary)?;
    let launcher = options.launcher.clone().unwrap_or_else(|| Arc::new(nodes));
    let work_dir = folders::nodes(folder);
    let mut account = batch::Options::new(BATCH_ACCOUNT, BATCH_KEY, launcher, work_dir);
    account.bearer.clone_from(&options.batch_bearer);
    account.pools = options.pools.iter().map(|pool| pool.options(options.nodes)).collect();
    Ok(Batch::new(account, site.clone())?)
}

async fn listen<E: emulator_core::service::Emulator>(
    service: &Arc<Service<E>>,
) -> anyhow::Result<Listening> {
    let listening = serve(Arc::clone(service), any_port()).await;
    listening.context("bind a port on loopback")
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
