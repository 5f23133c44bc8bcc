//! Azure Pipelines: the handler with an emulated organization, Batch, and emulated agents.

use std::sync::Arc;
use std::time::Duration;

use azure_pipelines_emulator::{JobRequestView, NewJob, Options, Pipelines, Pool};
use emulator_core::service::{Control, ControlToken, Listening, Service, serve_on};
use local_deployment::Options as Deployment;
use scenarios::TestEnvironment;
use tokio::net::TcpListener;

mod batch_jobs;
mod calls;
mod claims;
mod container;
mod deployments;
mod doctor;
mod events;
mod faults;
mod history;
mod hooks;
mod keys;
mod pause;
mod served;
mod status;
mod updates;
mod wake;

use container::{AgentLauncher, Containers};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
/// The longest wait for the result of a job.
const DONE_TIMEOUT: Duration = Duration::from_secs(40);
const TOKEN: &str = "an-organization-token-of-contoso";
const POOL: &str = "mayfly-linux";
const PROJECT: &str = "shop";
const PROFILES: &str = r#"[
  {"name":"ubuntu","labels":["self-hosted","ubuntu-latest"],"pool":"ubuntu","image":"githubactions-runner:1"},
  {"name":"az","service":"pipelines","pipelinesPool":"mayfly-linux","pool":"ubuntu","image":"pipelines-agent:1","capabilities":{"java":"17"}}
]"#;

/// A deployment that serves an organization.
struct World {
    env: TestEnvironment,
    pipelines: Arc<Pipelines>,
    service: Arc<Service<Pipelines>>,
    containers: Arc<Containers>,
    port: Listening,
}

impl World {
    /// Starts a deployment whose pool has its placeholder.
    async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// Starts a deployment with changed options of both parts.
    async fn with(
        change: impl FnOnce(&mut Deployment),
        organization: impl FnOnce(&mut Options),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/contoso", listener.local_addr().expect("an address"));
        let containers = Arc::new(Containers::default());
        let launcher = Arc::clone(&containers);
        let env = TestEnvironment::with(PROGRAM, |options| {
            options.launcher = Some(Arc::new(AgentLauncher { agents: launcher, others: None }));
            let settings = [
                ("RunnerProfiles", PROFILES),
                ("AzureDevOpsUrl", &url),
                ("AzureDevOpsToken", TOKEN),
                ("AzureDevOpsRanges", "127.0.0.1/32"),
                ("AzureDevOpsHookPassword", PASSWORD),
            ];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
            options.settings.extend(settings);
            change(options);
        })
        .await;
        let context = env.deployment.context.clone();
        containers.set_clock(context.clock.clone());
        let mut options = Options::new("contoso", TOKEN, 7);
        options.public_url = url.strip_suffix("/contoso").map(str::to_owned);
        organization(&mut options);
        let pipelines = Pipelines::new(options, context);
        pipelines.add_pool(Pool { auto_update: false, ..Pool::named(POOL) });
        let service = Service::new(Arc::clone(&pipelines));
        let control = Control::on_loopback(ControlToken::random());
        let port = serve_on(Arc::clone(&service), listener, &control).await.expect("it listens");
        let mut world = Self { env, pipelines, service, containers, port };
        let first = world.run().await;
        assert!(first.contains("placeholder mayfly-gh-az registered"), "{}", world.env.log());
        world
    }

    /// Runs reconciliation once, and returns its lines about agents.
    async fn run(&mut self) -> String {
        let before = self.lines().len();
        self.env.run_reconciliation().await;
        self.env
            .until_true("the summary about agents", |env| {
                lines(&env.log())[before..].iter().any(|line| line.starts_with("agents: "))
            })
            .await;
        self.lines()[before..].join("\n")
    }

    /// Runs reconciliation twice: the second run changes nothing.
    async fn settle(&mut self) -> String {
        let first = self.run().await;
        let again = self.run().await;
        // A late event may have the pools read at the same time.
        let unchanged = again.lines().all(|line| line == "agents: nothing to change");
        assert!(unchanged, "{again} after {first}: {}", self.env.log());
        first
    }

    fn url(&self) -> &str {
        &self.port.url
    }

    fn lines(&self) -> Vec<String> {
        lines(&self.env.log())
    }

    /// Queues a job that a profile's agents serve.
    fn queue(&self) -> u64 {
        self.pipelines.queue_job(job()).request()
    }

    fn request(&self, id: u64) -> JobRequestView {
        self.pipelines.request(id).expect("the request")
    }

    /// Waits until a request has a result.
    ///
    /// # Panics
    /// It does not get one in time.
    async fn until_done(&self, request: u64) -> JobRequestView {
        let done = self.pipelines.until_done(request);
        match tokio::time::timeout(DONE_TIMEOUT, done).await {
            Ok(done) => done,
            Err(_) => panic!(
                "request {request} got no result\n{:?}\n{}\n{}\n{}",
                self.request(request),
                self.agents(),
                self.tasks(),
                self.env.log()
            ),
        }
    }

    /// Waits until no task is live.
    async fn until_tasks_ended(&self) {
        self.env
            .until_true("the end of all tasks", |env| {
                let tasks = env.deployment.batch.emulator.tasks("runners-az");
                tasks.iter().all(|task| task.state == "completed")
            })
            .await;
    }

    /// Waits until an agent is online.
    async fn until_online(&self, agent: &str) {
        let pipelines = &self.pipelines;
        pipelines.until(|known| known.agent(agent).filter(|agent| agent.online)).await;
    }

    /// Lists the agents that are registered, with what is remarkable about them.
    fn agents(&self) -> String {
        let line = |agent: azure_pipelines_emulator::Agent| {
            let online = if agent.online { " online" } else { "" };
            let disabled = if agent.enabled { "" } else { " disabled" };
            format!("{}{online}{disabled}", agent.name)
        };
        self.pipelines.agents().into_iter().map(line).collect::<Vec<_>>().join(", ")
    }

    /// Lists the tasks with their states.
    fn tasks(&self) -> String {
        let tasks = self.env.deployment.batch.emulator.tasks("runners-az");
        let lines = tasks.iter().map(|task| format!("{} {}", task.id, task.state));
        lines.collect::<Vec<_>>().join(", ")
    }

    /// Waits until no task is live, and checks that only the placeholder is left.
    async fn end_with_nothing_left(mut self) {
        self.until_tasks_ended().await;
        self.settle().await;
        assert_eq!(self.agents(), "mayfly-gh-az");
        self.end().await;
    }

    async fn end(self) {
        let pending: Vec<_> = self.service.faults.pending().into_iter().collect();
        assert!(pending.is_empty(), "faults that did not occur: {pending:?}");
        self.env.end().await;
    }
}

const PASSWORD: &str = "a-password-of-the-service-hook";

/// A short job of the pool.
fn job() -> NewJob {
    let mut job = NewJob::new(PROJECT, POOL).with_demands(&["java"]);
    job.work.runs_for_ms = 20;
    job
}

/// Returns the lines that reconciliation has logged about agents. Events cause such lines of another process.
fn lines(log: &str) -> Vec<String> {
    let is_of_run =
        |line: &&str| line.starts_with("function:ReconcileRunners: ") && line.contains(" INFO ");
    let of_agents = log.lines().filter(is_of_run).filter_map(|line| {
        let (_, text) = line.split_once(" handler::functions::agents")?;
        let (_, text) = text.split_once(": ")?;
        Some(text.split(" function=").next().unwrap_or(text).to_owned())
    });
    of_agents.collect()
}
