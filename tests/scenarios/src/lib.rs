//! The environment of end-to-end tests: the real handler's processes with the emulators.
//!
//! Tests wait for events, never for time to pass. A test that depends on time advances the emulators' clock.
//!
//! The same tests use another storage service instead of the emulators if the environment variable
//! `MAYFLY_STORAGE` describes it: `tests/suites/azurite.sh` does that.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use emulator_core::events::{Event, EventKind};
use emulator_core::faults::Effect;
use github_emulator::NewJob;
use local_deployment::{LocalDeployment, Options};
use tokio::sync::broadcast::Receiver;

pub mod app;
pub mod container;
mod claims;
mod summaries;
mod waits;
mod external_storage;
mod firewall;
mod history;
mod github_proxy;
pub mod reconciliation;
pub mod operations;
pub mod managed_identity;
mod tls;

use external_storage::ExternalStorage;
use managed_identity::ManagedIdentity;

/// The maximum wait for an event.
const WAIT_TIMEOUT: Duration = Duration::from_secs(40);
/// The interval of checks for changes without an event, such as the deletion of a message.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running deployment and its events.
pub struct TestEnvironment {
    /// The deployment.
    pub deployment: LocalDeployment,
    /// The services of a deployment that authenticates with managed identities; `None` for other deployments.
    pub managed_identity: Option<ManagedIdentity>,
    client: reqwest::Client,
    events: Receiver<Event>,
    seen: Vec<EventKind>,
    log: Arc<Mutex<String>>,
}

impl TestEnvironment {
    /// Starts an environment; `program` is the path of `program-under-test`.
    pub async fn start(program: &str) -> Self {
        Self::with(program, |_| {}).await
    }

    /// Starts an environment with changed options.
    pub async fn with(program: &str, change: impl FnOnce(&mut Options)) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let mut options = Options::new(PathBuf::from(program));
        options.github_proxy = github_proxy::from_environment();
        // A schedule would trigger during any test that runs at its time.
        options.manual_timers = true;
        // These tests are about what happens, not about how long it takes.
        options.message_cost = Duration::ZERO;
        let lines = Arc::clone(&log);
        options.log = Arc::new(move |line| {
            let mut lines = lines.lock().expect("no thread panics while it holds the log");
            *lines += &format!("{}: {}\n", line.group, line.text);
        });
        let mut managed_identity = use_external_storage(&mut options).await;
        change(&mut options);
        let deployment = LocalDeployment::start(options).await.expect("the deployment starts");
        if let Some(managed_identity) = &mut managed_identity {
            managed_identity.serve_batch(&deployment.ports.batch.url);
        }
        let events = deployment.context.subscribe();
        let client = handler::transport::http_client(None).expect("a client");
        Self { deployment, managed_identity, client, events, seen: Vec::new(), log }
    }

    /// Queues a short job of `octo/app`.
    pub fn queue_job(&self, labels: &[&str]) -> u64 {
        self.queue(NewJob::new("octo/app", labels))
    }

    /// Queues a job.
    pub fn queue(&self, job: NewJob) -> u64 {
        self.deployment.github.emulator.queue_job(job)
    }

    /// Cancels a job without delivering the webhook.
    pub async fn cancel_without_webhook(&self, job: u64) {
        let github = &self.deployment.github.emulator;
        self.without_webhook(|| {
            assert!(github.cancel_job(job), "the job exists and is not completed")
        })
        .await;
    }

    /// Runs an action whose webhook delivery fails.
    pub async fn without_webhook<T>(&self, act: impl FnOnce() -> T) -> T {
        let (faults, delivery) = (&self.deployment.functions.faults, "ProvideActionsRunner");
        // GitHub sends a ping when the webhook is created.
        self.until_called(faults, delivery, 1).await;
        let delivered = faults.calls_of(delivery);
        faults.inject(delivery, 1, Effect::Fail { status: 503, retry_after: None });
        let done = act();
        self.until_called(faults, delivery, delivered + 1).await;
        done
    }

    /// Kills the process of a function group, and waits until the host has started another.
    ///
    /// # Panics
    /// The process does not run, or no other process starts in time.
    pub async fn kill_handler(&self, group: &str) {
        let host = &self.deployment.functions.emulator;
        let killed = host.worker_pids().get(group).copied();
        host.kill_worker(group).expect("the process runs");
        let restarted = async {
            while matches!(host.worker_pids().get(group).copied(), pid if pid.is_none() || pid == killed)
            {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, restarted).await.is_err() {
            self.fail_waiting(&format!("a new process of {group}"));
        }
    }

    /// Changes application settings, and waits until every process of the handler uses them.
    ///
    /// # Panics
    /// A process does not start in time.
    pub async fn change_settings(&self, settings: &[(&str, &str)]) {
        let host = &self.deployment.functions.emulator;
        let before = host.worker_pids();
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        host.change_settings(&settings.collect());
        let replaced = async {
            let is_new = |(group, pid): (&String, &u32)| before.get(group) != Some(pid);
            while host.worker_pids().len() < before.len() || !host.worker_pids().iter().all(is_new)
            {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(WAIT_TIMEOUT, replaced).await.is_err() {
            self.fail_waiting("processes with the new settings");
        }
    }

    /// Ends the environment.
    ///
    /// # Panics
    /// A fault that the test injected did not occur: its operation may be misspelt.
    pub async fn end(self) {
        let LocalDeployment { queues, blobs, batch, github, platform, functions, .. } =
            &self.deployment;
        let faults = [
            &queues.faults,
            &blobs.faults,
            &batch.faults,
            &github.faults,
            &platform.identity.faults,
            &platform.management.faults,
            &functions.faults,
        ];
        let pending: Vec<_> = faults.iter().flat_map(|faults| faults.pending()).collect();
        assert!(pending.is_empty(), "faults that did not occur: {pending:?}");
        self.deployment.shutdown().await;
    }
}

/// Configures the storage service that the environment variable describes, if it is set.
async fn use_external_storage(options: &mut Options) -> Option<ManagedIdentity> {
    let external = ExternalStorage::from_environment()?;
    let authority = external.authority();
    let client = handler::transport::http_client(authority.as_deref()).expect("a client");
    let (account, storage) = external.acquire_account(&client).await;
    let Some(certificates) = &external.certificates else {
        // Over https the host has a signature instead, so both credentials are tried.
        let connection = external.connection_with_key(&account);
        options.settings.insert("AzureWebJobsStorage".to_owned(), connection);
        options.storage = Some(storage);
        return None;
    };
    let mut managed_identity = ManagedIdentity::start(&external, &account, certificates).await;
    managed_identity.configure(options);
    options.storage = Some(managed_identity.bridge(storage).await);
    Some(managed_identity)
}
