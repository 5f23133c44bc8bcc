//! `Agent.Listener run --once`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use emulator_core::clock::Clock;
use emulator_core::transport::Transport;

use crate::behaviour::Behaviour;
use crate::capabilities;
use crate::configuration::Configuration;
use crate::home::VERSION;
use crate::return_code::ReturnCode;
use crate::service::PipelinesService;

mod dispatcher;
mod message_loop;
mod session;

/// The variable that keeps the agent from updates to an older version.
const NO_DOWNGRADE: &str = "AZP_AGENT_DOWNGRADE_DISABLED";

/// A configured agent.
pub struct Agent {
    service: PipelinesService,
    clock: Clock,
    configuration: Arc<Configuration>,
    capabilities: BTreeMap<String, String>,
    version: String,
    /// Whether an update to an older version is ignored.
    keeps_version: bool,
    behaviour: Behaviour,
    console: Mutex<Box<dyn Write + Send>>,
}

/// The end of a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The return code; `None` if the machine died.
    pub code: Option<ReturnCode>,
    /// The job whose worker started; a code of 0 does not mean that there is one.
    pub job: Option<ServedJob>,
    /// The version to which the agent has updated itself.
    pub updated_to: Option<String>,
}

/// A job whose worker started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServedJob {
    /// The id of the job request.
    pub request: u64,
    /// The result that the worker had: `succeeded`, `failed`, `canceled`. The service may not have learned it.
    pub result: String,
}

impl Agent {
    /// Makes an agent from its files. Its environment is empty.
    pub fn new(configuration: Configuration, transport: &Transport, clock: Clock) -> Self {
        let configuration = Arc::new(configuration);
        let service = PipelinesService::new(transport, &clock, &configuration);
        let capabilities = capabilities::scan(&configuration, VERSION, &BTreeMap::new());
        Self {
            service,
            clock,
            configuration,
            capabilities,
            version: VERSION.to_owned(),
            keeps_version: false,
            behaviour: Behaviour::default(),
            console: Mutex::new(Box::new(std::io::sink())),
        }
    }

    /// Changes the version, and the environment, whose variables become capabilities.
    #[must_use]
    pub fn with(self, version: &str, environment: &BTreeMap<String, String>) -> Self {
        let capabilities = capabilities::scan(&self.configuration, version, environment);
        let keeps_version = environment.get(NO_DOWNGRADE).is_some_and(|value| value == "true");
        Self { capabilities, version: version.to_owned(), keeps_version, ..self }
    }

    /// Changes the behaviour.
    #[must_use]
    pub fn with_behaviour(self, behaviour: Behaviour) -> Self {
        Self { behaviour, ..self }
    }

    /// Changes where lines are printed.
    #[must_use]
    pub fn printing_to(self, console: Box<dyn Write + Send>) -> Self {
        Self { console: Mutex::new(console), ..self }
    }

    /// Returns the name of the agent.
    pub fn name(&self) -> &str {
        self.configuration.agent_name()
    }

    /// Listens until a job has ended, the agent is updated, or `stop` becomes true, as SIGINT does.
    pub async fn run_once(&self, mut stop: watch::Receiver<bool>) -> Outcome {
        if self.behaviour.hangs_at_start {
            stop_requested(&mut stop).await;
            return Outcome { code: Some(ReturnCode::Success), job: None, updated_to: None };
        }
        self.listen(stop).await
    }

    fn print(&self, line: &str) {
        let now = self.clock.now().format("%Y-%m-%d %H:%M:%SZ");
        if let Ok(mut console) = self.console.lock() {
            // Nothing can be done about a closed console.
            let _ = writeln!(console, "{now}: {line}");
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep_until(self.clock.now() + duration).await;
    }
}

/// Waits until a stop is requested.
async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|&requested| requested).await.is_err() {
        // The sender is gone, so a stop can no longer be requested.
        std::future::pending().await
    }
}
