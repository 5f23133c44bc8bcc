//! Brings a host up: reads the application, checks what it refers to, starts the processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::try_join_all;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::access::Keys;
use super::definitions::{self, App, Function, TimerTrigger, Trigger};
use super::document::BadDefinition;
use super::invoke::{Core, expand};
use super::queue::{BadConnection, Connection, Listener};
use super::timer::{BadSchedule, Schedule, Timer};
use super::worker::{Launch, Trouble, Worker};
use super::{FunctionsHost, Options};
use emulator_core::events::EventContext;

/// A host did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file of the application is bad.
    #[error(transparent)]
    Definition(#[from] BadDefinition),
    /// A function's queue cannot be reached.
    #[error("function {function} has no queue to poll")]
    Connection {
        /// The function.
        function: String,
        /// What is wrong.
        source: BadConnection,
    },
    /// A function's schedule is bad.
    #[error("function {function} has no schedule to fire by")]
    Schedule {
        /// The function.
        function: String,
        /// What is wrong.
        source: BadSchedule,
    },
    /// A process did not come up.
    #[error("the handler of group {group} did not come up")]
    Handler {
        /// The group.
        group: String,
        /// What happened to it.
        #[source]
        trouble: Trouble,
    },
}

/// What a function waits for, checked.
enum Source {
    Caller,
    Queue { queue: String, binding: String, connection: Connection },
    Timer { trigger: TimerTrigger, schedule: Schedule },
}

pub(super) async fn start(
    mut options: Options,
    site: EventContext,
) -> Result<FunctionsHost, StartError> {
    // A process that starts in a folder of its own finds nothing by a path relative to ours.
    if let Ok(root) = std::path::absolute(&options.app_root) {
        options.app_root = root;
    }
    let app = definitions::read(&options.app_root)?;
    let sources = app.functions.iter().map(|function| source(function, &options.settings));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let mut tasks = JoinSet::new();
    let workers = start_workers(&app, &options, &site, &mut tasks).await?;
    // A host starts seldom, and faults need the names for as long as there is one.
    let names = app.functions.iter().map(|function| &*function.name.clone().leak()).collect();
    let core = Arc::new(Core::new(app, site, workers, &options));
    let timers = attend(&core, sources, options.timers_by_hand, &mut tasks);
    let keys = Keys { function: options.function_key, master: options.master_key };
    let (claimed_address, tasks) = (Mutex::new(None), Mutex::new(tasks));
    Ok(FunctionsHost { core, keys, timers, names, claimed_address, tasks })
}

fn source(function: &Function, settings: &BTreeMap<String, String>) -> Result<Source, StartError> {
    let name = || function.name.clone();
    match &function.trigger {
        Trigger::Http(_) => Ok(Source::Caller),
        Trigger::Queue(trigger) => {
            let connection = Connection::of(settings, &trigger.connection)
                .map_err(|source| StartError::Connection { function: name(), source })?;
            let queue = expand(&trigger.queue, settings);
            Ok(Source::Queue { queue, binding: trigger.binding.clone(), connection })
        }
        Trigger::Timer(trigger) => Schedule::parse(&expand(&trigger.schedule, settings))
            .map(|schedule| Source::Timer { trigger: trigger.clone(), schedule })
            .map_err(|source| StartError::Schedule { function: name(), source }),
    }
}

async fn start_workers(
    app: &App,
    options: &Options,
    site: &EventContext,
    tasks: &mut JoinSet<()>,
) -> Result<BTreeMap<String, Worker>, StartError> {
    let mut workers = BTreeMap::new();
    let mut starting = Vec::new();
    for function in &app.functions {
        let group = function.group();
        if workers.contains_key(&group) {
            continue;
        }
        let number = u16::try_from(workers.len()).unwrap_or(u16::MAX);
        if options.within.is_some() {
            workers.insert(group, Worker::within(number));
            continue;
        }
        let launch = launch(app, options, &group, Uuid::from_u128(number.into()));
        let (worker, first) = Worker::spawn(launch, site.clock.clone(), tasks);
        workers.insert(group.clone(), worker);
        starting.push(async move {
            let first = first.await.expect("a worker's keeper reports before it ends");
            first.map_err(|trouble| StartError::Handler { group, trouble })
        });
    }
    try_join_all(starting).await?;
    Ok(workers)
}

fn launch(app: &App, options: &Options, group: &str, worker_id: Uuid) -> Launch {
    let (root, settings) = (&options.app_root, &options.settings);
    let shown = root.display().to_string();
    let mut environment = BTreeMap::from(
        [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/tmp"),
            ("AzureWebJobsScriptRoot", &shown),
            ("FUNCTIONS_APP_ROOT_PATH", &shown),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    environment.extend(settings.clone());
    Launch {
        group: group.to_owned(),
        executable: root.join(&app.host.executable),
        arguments: app.host.arguments.iter().map(|text| expand(text, settings)).collect(),
        directory: root.join(&app.host.working_directory),
        environment,
        worker_id,
        log: options.log.clone(),
    }
}

fn attend(
    core: &Arc<Core>,
    sources: Vec<Source>,
    timers_by_hand: bool,
    tasks: &mut JoinSet<()>,
) -> BTreeMap<String, Arc<Timer>> {
    let mut timers = BTreeMap::new();
    for (function, source) in core.app.functions.iter().zip(sources) {
        let (core, function) = (Arc::clone(core), function.clone());
        match source {
            Source::Caller => {}
            Source::Queue { queue, binding, connection } => {
                tasks.spawn(Listener::new(core, function, binding, &queue, &connection).listen());
            }
            Source::Timer { trigger, schedule } => {
                let name = function.name.clone();
                let timer = Timer::new(core, function, &trigger, schedule);
                if !timers_by_hand {
                    tasks.spawn(Arc::clone(&timer).run());
                }
                timers.insert(name, timer);
            }
        }
    }
    timers
}
