//! The options of a host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use emulator_core::transport::Transport;

use crate::log::Log;

/// The time that the real host spends on each message of a queue: 550 to 600 messages a second on two cores, and 2.3 to
/// 3 ms of processor time each. Measured with the host 4.1037 and the queue extension 5.3.10, without Application
/// Insights, while the same host took in webhooks.
pub const MESSAGE_COST: Duration = Duration::from_micros(1750);

/// The application of a host, its settings and its keys.
#[derive(Clone)]
pub struct Options {
    /// The folder with host.json, a folder with a function.json for each function, and the handler.
    pub app_root: PathBuf,
    /// The application settings, which are the handler's environment.
    ///
    /// `PATH` and `HOME` have defaults; nothing is inherited from this process.
    pub settings: BTreeMap<String, String>,
    /// The default key of every function.
    pub function_key: String,
    /// The master key, `_master`.
    pub master_key: String,
    /// Whether App Service's front end stands before the host and appends the caller's address to
    /// `X-Forwarded-For`. Without it, that header of the caller reaches the handler as it is.
    pub front_end: bool,
    /// Whether timers ignore their schedules and fire only manually.
    pub manual_timers: bool,
    /// The time that the host itself spends on each message of a queue, one message after another: [`MESSAGE_COST`] is
    /// that of the real host. By default it spends none.
    pub message_cost: Duration,
    /// The seed of the invocation ids.
    pub seed: u64,
    /// Receives the handler's lines.
    pub log: Log,
    /// The transport to storage, instead of sockets; by default one that trusts the public certificate authorities.
    pub storage: Option<Transport>,
    /// Functions of this process that replace the handler's processes and the connection to storage.
    pub in_process: Option<InProcess>,
}

/// Functions that replace processes and sockets, for a simulation.
#[derive(Clone)]
pub struct InProcess {
    /// Receives the requests to the handler's processes; each path belongs to one group.
    pub handler: Transport,
    /// Receives the requests to the storage account.
    pub storage: Transport,
    /// Ends everything that the process of a group does, when the host kills it.
    pub kill: KillWorker,
}

/// A function that ends everything that the process of a group does.
pub type KillWorker = Arc<dyn Fn(&str) + Send + Sync>;

impl Options {
    /// Creates options without settings and front end, with the keys `function-key` and `master-key`, and with a log that
    /// discards its lines.
    pub fn new(app_root: impl Into<PathBuf>) -> Self {
        Self {
            app_root: app_root.into(),
            settings: BTreeMap::new(),
            function_key: "function-key".to_owned(),
            master_key: "master-key".to_owned(),
            front_end: false,
            manual_timers: false,
            message_cost: Duration::ZERO,
            seed: 0,
            log: Arc::new(|_| {}),
            storage: None,
            in_process: None,
        }
    }
}
