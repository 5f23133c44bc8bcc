//! The options of a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use azure_batch_emulator::launch::{Launcher, TemporaryFolder};
use emulator_core::guard::Guard;
use emulator_core::service::ControlToken;
use functions_host_emulator::{Log, MESSAGE_COST};
use url::Url;

use super::{ContainerEngine, Demand, Pool, Registration, Secrets, SharedEnvironment, Storage};

/// A function that starts a proxy between the handler and GitHub: it takes GitHub's URL and returns the URL that the
/// handler calls.
///
/// The proxy must also forward the pages at which runners register; they are not part of the API.
pub type GithubProxy = Box<dyn FnOnce(String) -> GithubProxyStart + Send>;
/// The future of a [`GithubProxy`], with the URL of the proxy.
pub type GithubProxyStart = Pin<Box<dyn Future<Output = anyhow::Result<String>> + Send>>;

/// The options of a deployment.
pub struct Options {
    /// A program that acts as the handler if it is started as `handler`, and as GitHub's runner if it is started as
    /// `Runner.Listener`.
    pub program: PathBuf,
    /// The package of the handler, instead of `program`.
    pub package: Option<PathBuf>,
    /// The way in which a runner gets its credential.
    pub registration: Registration,
    /// How jobs become known.
    pub demand: Demand,
    /// The number of nodes of each pool.
    pub nodes: u32,
    /// The pools.
    pub pools: Vec<Pool>,
    /// The container engine. Without one, the entrypoint runs as a process of this machine.
    pub engine: Option<ContainerEngine>,
    /// The limits of a task's temporary folder if the entrypoint runs as a process.
    pub temporary: Option<TemporaryFolder>,
    /// The launcher of tasks, instead of containers and processes.
    pub launcher: Option<Arc<dyn Launcher>>,
    /// The storage account, instead of the emulated one.
    pub storage: Option<Storage>,
    /// The secrets of its services; the published ones by default.
    pub secrets: Secrets,
    /// The token that Batch accepts in addition to signatures.
    pub batch_bearer: Option<String>,
    /// Whether Batch accepts any token for it that is valid at the time, and signed with the key of the secrets if there is
    /// one.
    pub batch_tokens: bool,
    /// The rules of the Batch account.
    pub batch_rules: azure_batch_emulator::Rules,
    /// Application settings that are added to the defaults or override them.
    pub settings: BTreeMap<String, String>,
    /// Whether the handler's timers fire only when they are triggered manually.
    pub manual_timers: bool,
    /// The time that the Functions host itself spends on each message of a queue; by default that of the real host.
    pub message_cost: Duration,
    /// The time after which GitHub removes an idle runner; never, if `None`.
    pub idle_removal: Option<Duration>,
    /// The accounts of users; all other owners of repositories are organizations.
    pub personal_accounts: BTreeSet<String>,
    /// The seed of GitHub's random choices, such as the runner of a job.
    pub seed: u64,
    /// The API requests per hour that GitHub allows a caller; 5,000 by default.
    pub rate_limit: Option<u32>,
    /// The GitHub and the clock of another deployment, instead of new ones.
    pub shared: Option<SharedEnvironment>,
    /// The proxy between the handler and the emulated GitHub.
    pub github_proxy: Option<GithubProxy>,
    /// The API of another GitHub, which the handler uses instead of the emulated one.
    pub github_api: Option<Url>,
    /// The token and the password of the service hook of an emulated organization of Azure DevOps, whose jobs are served by
    /// emulated agents; none by default.
    pub organization: Option<(String, String)>,
    /// The token of all control ports; a random one by default.
    pub control_token: ControlToken,
    /// The guard that removes what remains if this process is killed; none by default.
    pub guard: Guard,
    /// The receiver of the handler's log.
    pub log: Log,
}

impl Options {
    /// Returns options with four nodes per pool and tasks that run as processes.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            package: None,
            registration: Registration::Jit,
            demand: Demand::Webhook,
            nodes: 4,
            pools: Pool::defaults(),
            engine: None,
            temporary: None,
            launcher: None,
            storage: None,
            secrets: Secrets::published(),
            batch_bearer: None,
            batch_tokens: false,
            batch_rules: azure_batch_emulator::Rules::default(),
            settings: BTreeMap::new(),
            manual_timers: false,
            message_cost: MESSAGE_COST,
            idle_removal: None,
            seed: 1,
            rate_limit: None,
            shared: None,
            github_proxy: None,
            github_api: None,
            organization: None,
            control_token: ControlToken::random(),
            personal_accounts: BTreeSet::new(),
            guard: Guard::default(),
            log: Arc::new(|_| {}),
        }
    }
}
