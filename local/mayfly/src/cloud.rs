//! The whole road on loopback: the handler's processes, and all that is around them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use emulators::batch::launch::Launcher;
use emulators::batch::{Batch, PoolOptions};
use emulators::clock::Clock;
use emulators::events::Site;
use emulators::functions::{FunctionsHost, Log};
use emulators::github::GitHub;
use emulators::service::{Listening, Service, serve, serve_on};
use emulators::storage::{Account, Blobs, Queues};
use emulators::{batch, functions, github};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::followed;

mod folders;
mod settings;
mod storage;

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
    /// How a runner comes to its credential.
    pub registration: Registration,
    /// How many nodes each pool has.
    pub nodes: u32,
    /// How tasks run: the entrypoint as a process where there is none.
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
            registration: Registration::Jit,
            nodes: 4,
            launcher: None,
            storage: None,
            batch_bearer: None,
            settings: BTreeMap::new(),
            timers_by_hand: false,
            idle_removal: None,
            seed: 1,
            github_front: None,
            log: Arc::new(|_| {}),
        }
    }
}

/// A running road. [`Cloud::shutdown`] ends it; dropping it kills its processes.
pub struct Cloud {
    /// The time and the listeners of all emulators.
    pub site: Site,
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
    /// The Functions host with the handler.
    pub functions: Arc<Service<FunctionsHost>>,
    /// Where everything answers.
    pub ports: Ports,
    /// The address that GitHub's hooks deliver to, with the function's key.
    pub hook: String,
    nodes: JoinHandle<()>,
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
        let clock = folder.path().join("clock");
        let site = Site::new(Clock::followed_at(clock));
        let account = Account::new(STORAGE_ACCOUNT, STORAGE_KEY)?;
        let queues = Service::new(Queues::new(account.clone(), site.clone()));
        let blobs = Service::new(Blobs::new(account.clone(), site.clone()));
        let mut github = github::Options::new(GITHUB_TOKEN, options.seed);
        github.enterprise = Some(ENTERPRISE.to_owned());
        github.idle_removal = options.idle_removal;
        let github = Service::new(GitHub::new(github, site.clone()));
        let batch = Service::new(batch_account(&options, &folder, &site)?);
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

        let (functions, key) = functions_host(options, &folder, &site, &address, &storage).await?;
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
            functions,
            ports,
            hook,
            nodes,
            _folder: folder,
        })
    }

    /// Ends the road: no process, port or folder is left.
    pub async fn shutdown(self) {
        self.functions.emulator.shutdown().await;
        self.batch.emulator.shutdown().await;
        self.nodes.abort();
    }
}

/// Starts the handler under its host; returns the host with the key of its functions.
async fn functions_host(
    options: Options,
    folder: &TempDir,
    site: &Site,
    address: &settings::Addresses,
    storage: &Storage,
) -> anyhow::Result<(Arc<Service<FunctionsHost>>, String)> {
    let app = folders::lay_app(folder.path(), &options.program)?;
    let mut host = functions::Options::new(app);
    host.settings = settings::application_settings(address, storage, options.registration);
    if let Some(front) = options.github_front {
        let url = front(address.github.url.clone()).await.context("put a front before GitHub")?;
        host.settings.insert("GithubApiUrl".to_owned(), url);
    }
    let clock = folder.path().join("clock");
    host.settings.insert(followed::VARIABLE.to_owned(), clock.display().to_string());
    host.settings.extend(options.settings);
    host.timers_by_hand = options.timers_by_hand;
    host.log = options.log;
    let key = host.function_key.clone();
    let host = FunctionsHost::start(host, site.clone()).await.context("start the handler")?;
    Ok((Service::new(host), key))
}

fn batch_account(options: &Options, folder: &TempDir, site: &Site) -> anyhow::Result<Arc<Batch>> {
    let launcher = match &options.launcher {
        Some(launcher) => Arc::clone(launcher),
        None => folders::process_launcher(folder.path(), &options.program)?,
    };
    let work_dir = folder.path().join("nodes");
    let mut account = batch::Options::new(BATCH_ACCOUNT, BATCH_KEY, launcher, work_dir);
    let pool = |id: &str, display: &str| PoolOptions {
        id: id.to_owned(),
        nodes: options.nodes as usize,
        slots: 1,
        display: display.to_owned(),
    };
    account.bearer.clone_from(&options.batch_bearer);
    account.pools = vec![pool("ubuntu", "ubuntu"), pool("windows", "windows (stand-in)")];
    Ok(Batch::new(account, site.clone())?)
}

async fn listen<E: emulators::service::Emulator>(
    service: &Arc<Service<E>>,
) -> anyhow::Result<Listening> {
    let listening = serve(Arc::clone(service), any_port()).await;
    listening.context("bind a port on loopback")
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
