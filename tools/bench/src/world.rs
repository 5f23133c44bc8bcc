//! A whole deployment with the released handler, whose services may be some way off.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use azure_batch_emulator::launch::{Scripted, ScriptedOutcome};
use azure_storage_emulator::{Account, Blobs, Queues};
use chrono::TimeDelta;
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Listening, Service, serve};
use local_deployment::{LocalDeployment, Options, STORAGE_ACCOUNT, STORAGE_KEY, Storage};
use tokio::time::{Instant, sleep};

use crate::proxy::Proxy;

/// How often the number of tasks is looked up: it costs this process, and not the handler.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// How long tasks may take to be added.
const TASKS_TIMEOUT: Duration = Duration::from_secs(300);

/// How far off the services are, and what the host costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Distances {
    /// Batch.
    pub(crate) batch: Duration,
    /// The queue, for the handler and its host.
    pub(crate) queue: Duration,
    /// GitHub.
    pub(crate) github: Duration,
    /// The time that the host spends on a message.
    pub(crate) message_cost: Duration,
}

/// A running deployment without nodes: its tasks wait.
pub(crate) struct World {
    pub(crate) deployment: LocalDeployment,
    _services: (Arc<Service<Queues>>, Arc<Service<Blobs>>, Listening, Listening),
    _proxies: Vec<Arc<Proxy>>,
}

impl World {
    /// Starts a deployment of a package.
    ///
    /// # Errors
    /// A service or the handler does not start.
    pub(crate) async fn start(package: &Path, distances: Distances) -> anyhow::Result<Self> {
        let mut proxies = Vec::new();
        let (storage, services) = storage(distances.queue, &mut proxies).await?;
        let (batch, github) = (
            Arc::new(Proxy::start(distances.batch).await?),
            Arc::new(Proxy::start(distances.github).await?),
        );
        let mut options = Options::new(std::env::current_exe().context("find this program")?);
        options.package = Some(package.to_owned());
        options.storage = Some(storage);
        options.manual_timers = true;
        options.nodes = 0;
        options.message_cost = distances.message_cost;
        options.rate_limit = Some(1_000_000);
        options.launcher = Some(Arc::new(Scripted::new(|_| ScriptedOutcome {
            duration: Duration::from_secs(60),
            exit_code: 0,
        })));
        if !distances.batch.is_zero() {
            options.settings.insert("BatchAccountUrl".to_owned(), batch.url.clone());
        }
        if !distances.github.is_zero() {
            let github = Arc::clone(&github);
            options.github_proxy = Some(Box::new(move |url| {
                github.forward_to(&url);
                Box::pin(async move { Ok(github.url.clone()) })
            }));
        }
        let deployment = LocalDeployment::start(options).await.context("start a deployment")?;
        batch.forward_to(&deployment.ports.batch.url);
        for pool in ["ubuntu", "windows"] {
            deployment.batch.emulator.hold_scheduling(pool).context("hold the tasks")?;
        }
        proxies.extend([batch, github]);
        Ok(Self { deployment, _services: services, _proxies: proxies })
    }

    /// Returns the number of waiting tasks.
    pub(crate) fn tasks(&self) -> u64 {
        self.deployment.batch.emulator.jobs().iter().map(|job| job.active).sum()
    }

    /// Waits until there is this number of tasks.
    ///
    /// # Errors
    /// They are not there in time.
    pub(crate) async fn until_tasks(&self, number: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.tasks() < number {
            ensure!(
                began.elapsed() < TASKS_TIMEOUT,
                "wait for {number} tasks: there are {}",
                self.tasks()
            );
            sleep(LOOK_INTERVAL).await;
        }
        ensure!(self.tasks() == number, "count {number} tasks: there are {}", self.tasks());
        Ok(())
    }

    /// Returns the process id of a group of functions.
    ///
    /// # Errors
    /// It has no process.
    pub(crate) fn pid(&self, group: &str) -> anyhow::Result<u32> {
        let pids = self.deployment.functions.emulator.worker_pids();
        pids.get(group).copied().with_context(|| format!("find the process of {group}"))
    }
}

type StorageServices = (Arc<Service<Queues>>, Arc<Service<Blobs>>, Listening, Listening);

/// Starts the storage account, whose queues are some way off.
async fn storage(
    distance: Duration,
    proxies: &mut Vec<Arc<Proxy>>,
) -> anyhow::Result<(Storage, StorageServices)> {
    let context = EventContext::new(Clock::of_this_machine());
    let account = Account::new(STORAGE_ACCOUNT, STORAGE_KEY).context("read the account's key")?;
    let queues = Service::new(Queues::new(account.clone(), context.clone()));
    let blobs = Service::new(Blobs::new(account.clone(), context.clone()));
    let (queues_port, blobs_port) = (listen(&queues).await?, listen(&blobs).await?);
    let mut url = queues_port.url.clone();
    if !distance.is_zero() {
        let proxy = Proxy::start(distance).await?;
        proxy.forward_to(&url);
        url.clone_from(&proxy.url);
        proxies.push(Arc::new(proxy));
    }
    let storage = Storage {
        queues: format!("{url}/{STORAGE_ACCOUNT}"),
        blobs: format!("{}/{STORAGE_ACCOUNT}", blobs_port.url),
        signature: account.sas(context.clock.now() + TimeDelta::days(1)),
    };
    Ok((storage, (queues, blobs, queues_port, blobs_port)))
}

async fn listen<E: Emulator>(service: &Arc<Service<E>>) -> anyhow::Result<Listening> {
    let any = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    serve(Arc::clone(service), any).await.context("open a port")
}
