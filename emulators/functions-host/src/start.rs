//! The start of a host: reads the application, checks its connections and schedules, starts the processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::try_join_all;
use tokio::task::JoinSet;
use uuid::Uuid;

use emulator_core::events::EventContext;
use emulator_core::transport;

use crate::auth::Keys;
use crate::definitions::{self, App, Function, TimerTrigger, Trigger, expand_settings};
use crate::error::StartError;
use crate::host::{AppInfo, FunctionsHost};
use crate::invoker::Invoker;
use crate::options::{InProcess, Options};
use crate::queue::{Connection, QueueListener};
use crate::timer::{Schedule, Timer};
use crate::worker::{Launch, Worker};

/// The checked trigger of a function.
enum Source {
    Http,
    Queue { queue: String, binding: String, connection: Connection },
    Timer { trigger: TimerTrigger, schedule: Schedule },
}

impl Source {
    /// Returns whether it connects to storage with TLS.
    fn is_encrypted(&self) -> bool {
        matches!(self, Self::Queue { connection, .. } if connection.is_encrypted())
    }
}

impl FunctionsHost {
    /// Reads the application, and starts its processes, queue listeners and timers.
    ///
    /// # Errors
    /// If a definition, connection or schedule is invalid, or if a process fails to start.
    pub async fn start(
        mut options: Options,
        events: EventContext,
    ) -> Result<Arc<Self>, StartError> {
        // A process that starts in another folder cannot resolve a path that is relative to ours.
        if let Ok(root) = std::path::absolute(&options.app_root) {
            options.app_root = root;
        }
        let app = definitions::read(&options.app_root)?;
        let sources = app.functions.iter().map(|function| source(function, &options.settings));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        if options.storage.is_none() && sources.iter().any(Source::is_encrypted) {
            options.storage = Some(transport::https(None)?);
        }
        let (mut tasks, started) = (JoinSet::new(), events.clock.now());
        let workers = start_workers(&app, &options, &events, &mut tasks).await?;
        // Faults refer to the names for the lifetime of the process, and hosts are started rarely.
        let names = app.functions.iter().map(|function| &*function.name.clone().leak()).collect();
        let invoker = Arc::new(Invoker::new(app, events, workers, &options));
        let timers = start_triggers(&invoker, sources, options.manual_timers, &mut tasks);
        let keys = Keys { function: options.function_key, master: options.master_key };
        let (client_address, tasks) = (Mutex::new(None), Mutex::new(tasks));
        let (front_end, app_info) = (options.front_end, AppInfo::of(&options.settings, started));
        Ok(Arc::new(Self {
            invoker,
            keys,
            front_end,
            app_info,
            timers,
            names,
            client_address,
            tasks,
        }))
    }
}

fn source(function: &Function, settings: &BTreeMap<String, String>) -> Result<Source, StartError> {
    let name = || function.name.clone();
    match &function.trigger {
        Trigger::Http(_) => Ok(Source::Http),
        Trigger::Queue(trigger) => {
            let connection = Connection::from_settings(settings, &trigger.connection)
                .map_err(|source| StartError::Connection { function: name(), source })?;
            let queue = expand_settings(&trigger.queue, settings);
            Ok(Source::Queue { queue, binding: trigger.binding.clone(), connection })
        }
        Trigger::Timer(trigger) => Schedule::parse(&expand_settings(&trigger.schedule, settings))
            .map(|schedule| Source::Timer { trigger: trigger.clone(), schedule })
            .map_err(|source| StartError::Schedule { function: name(), source }),
    }
}

async fn start_workers(
    app: &App,
    options: &Options,
    events: &EventContext,
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
        if let Some(InProcess { kill, .. }) = &options.in_process {
            let (clock, kill) = (events.clock.clone(), kill.clone());
            let worker = Worker::in_process(&group, number, clock, kill, tasks);
            workers.insert(group, worker);
            continue;
        }
        let launch = launch(app, options, &group, Uuid::from_u128(number.into()));
        let (worker, first_start) = Worker::spawn(launch, events.clock.clone(), tasks);
        workers.insert(group.clone(), worker);
        starting.push(async move {
            let started = first_start.await.expect("a worker's supervisor reports before it ends");
            started.map_err(|source| StartError::Handler { group, source })
        });
    }
    try_join_all(starting).await?;
    Ok(workers)
}

fn launch(app: &App, options: &Options, group: &str, worker_id: Uuid) -> Launch {
    let (root, settings) = (&options.app_root, &options.settings);
    let root_text = root.display().to_string();
    let mut environment = BTreeMap::from(
        [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/tmp"),
            ("AzureWebJobsScriptRoot", &root_text),
            ("FUNCTIONS_APP_ROOT_PATH", &root_text),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    environment.extend(settings.clone());
    Launch {
        group: group.to_owned(),
        executable: root.join(&app.host.executable),
        arguments: app.host.arguments.iter().map(|text| expand_settings(text, settings)).collect(),
        directory: root.join(&app.host.working_directory),
        environment,
        worker_id,
        log: options.log.clone(),
    }
}

fn start_triggers(
    invoker: &Arc<Invoker>,
    sources: Vec<Source>,
    manual_timers: bool,
    tasks: &mut JoinSet<()>,
) -> BTreeMap<String, Arc<Timer>> {
    let mut timers = BTreeMap::new();
    for (function, source) in invoker.app.functions.iter().zip(sources) {
        let (invoker, function) = (Arc::clone(invoker), function.clone());
        match source {
            Source::Http => {}
            Source::Queue { queue, binding, connection } => {
                tasks.spawn(
                    QueueListener::new(invoker, function, binding, &queue, &connection).listen(),
                );
            }
            Source::Timer { trigger, schedule } => {
                let name = function.name.clone();
                let timer = Timer::new(invoker, function, &trigger, schedule);
                if !manual_timers {
                    tasks.spawn(Arc::clone(&timer).run());
                }
                timers.insert(name, timer);
            }
        }
    }
    timers
}
