//! Runs the handler's function groups, each as a process of its own, and kills them.
//!
//! A killed process loses its caches and everything in progress; requests that it has sent still arrive.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use emulator_core::service::{Request, Response};
use emulator_core::transport::{Transport, TransportError};
use functions_host_emulator::KillWorker;
use futures::FutureExt;
use futures::future::BoxFuture;
use handler::app::App;
use handler::clock::Clock;
use handler::invocation::queue_message;
use handler::pipelines::key::AgentKeys;
use handler::random::Random;
use handler::routes::routes;
use handler::settings::Settings;
use handler::transport::Transports;
use http_body_util::{BodyExt, Full};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use tokio::task::AbortHandle;
use tower_service::Service as _;

use super::agent_keys::agent_keys;
use super::host::Host;
use super::network::FaultyNetwork;
use crate::scenario::Group;

const GROUPS: [Group; 3] = [Group::Http, Group::Submit, Group::Reconcile];

/// The processes of one deployment.
pub(super) struct FunctionGroups {
    deployment: usize,
    network: Arc<FaultyNetwork>,
    start: Mutex<Start>,
    processes: [Mutex<Process>; 3],
    pub(super) host: Host,
}

/// The settings, the clock, the randomness and the transports of a process.
struct Start {
    settings: Settings,
    clock: Clock,
    random: Random,
    keys: AgentKeys,
    transports: Transports,
}

type Answering = BoxFuture<'static, Response>;

struct Process {
    answer: Arc<dyn Fn(Request) -> Answering + Send + Sync>,
    invocations: u64,
    working: Vec<AbortHandle>,
    /// Whether it answers nothing.
    hangs: bool,
}

/// An invocation that may be killed at one of its polls.
struct KillableInvocation {
    work: Option<Answering>,
    polls_left: Option<u32>,
}

impl FunctionGroups {
    pub(super) fn new(
        deployment: usize,
        (settings, clock, transports): (Settings, Clock, Transports),
        network: Arc<FaultyNetwork>,
    ) -> Arc<Self> {
        let random = random(deployment);
        let start = Start { settings, clock, random, keys: agent_keys(), transports };
        let processes = GROUPS.map(|_| Mutex::new(start.process()));
        let start = Mutex::new(start);
        Arc::new(Self { deployment, network, start, processes, host: Host::default() })
    }

    /// Returns the transport by which the Functions host reaches the processes.
    pub(super) fn transport(self: &Arc<Self>) -> Transport {
        let groups = Arc::clone(self);
        Arc::new(move |request| Arc::clone(&groups).invoke(request).boxed())
    }

    async fn invoke(self: Arc<Self>, request: Request) -> Result<Response, TransportError> {
        let group = group_of(request.uri().path());
        let message = queue_message(request.body(), "request").ok();
        let second = self.network.recorder.second();
        let work = {
            let mut process = self.process(group);
            process.invocations += 1;
            let place = (self.deployment, group);
            let dies = self.network.injector().kills(place, process.invocations, second);
            let answer = match process.hangs {
                true => std::future::pending().boxed(),
                false => (process.answer)(request),
            };
            let mortal = KillableInvocation { work: Some(answer), polls_left: dies };
            let work = tokio::spawn({
                let groups = Arc::clone(&self);
                async move {
                    let answer = mortal.await;
                    if answer.is_none() {
                        groups.kill(group);
                    }
                    answer
                }
            });
            process.working.retain(|working| !working.is_finished());
            process.working.push(work.abort_handle());
            work
        };
        let answer = work.await.ok().flatten();
        let failed = answer.as_ref().is_some_and(|answer| !answer.status().is_success());
        if let Some(message) = message.filter(|_| failed && group == Group::Submit) {
            self.network.recorder.failed(self.deployment, &message);
        }
        answer.ok_or_else(|| TransportError("the process is gone".to_owned()))
    }

    /// Returns the function by which the Functions host kills a process.
    pub(super) fn kill_function(self: &Arc<Self>) -> KillWorker {
        let groups = Arc::clone(self);
        Arc::new(move |name| {
            if let Some(group) = GROUPS.into_iter().find(|group| self::name(*group) == name) {
                groups
                    .network
                    .recorder
                    .line(&format!("host {} {group:?} kills its process", groups.deployment));
                groups.replace(group);
            }
        })
    }

    /// Kills a process, or its whole instance; another one starts. The host counts the crashes of a process.
    pub(super) fn kill(&self, group: Group) {
        let with_instance = rand::Rng::random_bool(&mut *self.network.rng(), 0.5);
        let kind = if with_instance { "instance" } else { "process" };
        self.network.recorder.line(&format!("{kind} {} {group:?} killed", self.deployment));
        if let Some(host) = self.host.get() {
            let (host, name) = (&host.emulator, name(group));
            let ended =
                if with_instance { host.lose_instance(name) } else { host.crash_worker(name) };
            ended.expect("the host has these groups");
        }
        self.replace(group);
    }

    /// Returns the handler as the command line runs it with the settings of the deployment.
    pub(super) fn operator(&self) -> App {
        self.start().app()
    }

    /// Makes a group's process answer nothing from now on, or answer again.
    pub(super) fn hang(&self, group: Group, hangs: bool) {
        self.process(group).hangs = hangs;
    }

    /// Starts all processes again with other settings, as the platform does after a change.
    pub(super) fn configure(&self, settings: Settings) {
        self.start().settings = settings;
        GROUPS.into_iter().for_each(|group| self.kill(group));
    }

    fn start(&self) -> MutexGuard<'_, Start> {
        self.start.lock().expect("no holder of this lock can panic")
    }

    /// Ends everything that a process does, and replaces it.
    fn replace(&self, group: Group) {
        let new = self.start().process();
        let mut process = self.process(group);
        let invocations = process.invocations;
        process.working.iter().for_each(AbortHandle::abort);
        *process = Process { invocations, ..new };
    }

    fn process(&self, group: Group) -> MutexGuard<'_, Process> {
        self.processes[group as usize].lock().expect("no holder of this lock can panic")
    }
}

impl Start {
    fn app(&self) -> App {
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        let app = App::with_transports(settings, clock, self.random.clone(), &self.transports);
        let app = app.expect("the settings of a simulation are valid");
        app.with_agent_keys(&self.keys)
    }

    fn process(&self) -> Process {
        let filter = routes(Arc::new(self.app()));
        let answer = move |request: Request| {
            let mut service = warp::service(filter.clone());
            let answering = service.call(request.map(Full::new));
            async move {
                let answer = answering.await.unwrap_or_else(|never| match never {});
                let (parts, body) = answer.into_parts();
                let body = body.collect().await.expect("answers are whole from the beginning");
                Response::from_parts(parts, body.to_bytes())
            }
            .boxed()
        };
        Process { answer: Arc::new(answer), invocations: 0, working: Vec::new(), hangs: false }
    }
}

impl Future for KillableInvocation {
    type Output = Option<Response>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == Some(0) {
            self.work = None;
            return Poll::Ready(None);
        }
        self.polls_left = self.polls_left.map(|left| left - 1);
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        work.as_mut().poll(context).map(Some)
    }
}

/// Returns the randomness of a deployment's processes, the same in each simulation.
fn random(deployment: usize) -> Random {
    let rng = Mutex::new(StdRng::seed_from_u64(deployment as u64));
    Random::from_fn(move || rng.lock().expect("no holder of this lock can panic").next_u64())
}

fn group_of(path: &str) -> Group {
    match path {
        "/SubmitRunnerTask" => Group::Submit,
        "/ReconcileRunners" => Group::Reconcile,
        _ => Group::Http,
    }
}

/// Returns the host's name of a group.
pub(super) fn name(group: Group) -> &'static str {
    match group {
        Group::Http => "http",
        Group::Submit => "function:SubmitRunnerTask",
        Group::Reconcile => "function:ReconcileRunners",
    }
}
