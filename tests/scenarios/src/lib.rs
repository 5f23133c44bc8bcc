//! A world in which stories of the road happen: the real handler's processes over the emulators.
//!
//! Stories wait for what happens, never for time to pass; where a story needs time to pass, it sets the
//! emulators' clock forward.
//!
//! The same stories go over another storage than the emulated one where the environment variable
//! `MAYFLY_STORAGE` describes it: `tests/suites/azurite.sh` does that.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use emulator_core::events::{Event, EventKind};
use emulator_core::faults::{Effect, Faults};
use github_emulator::{Job, NewJob};
use local_deployment::{Cloud, Options};
use tokio::sync::broadcast::Receiver;

pub mod app;
mod claims;
mod gates;
mod elsewhere;
mod front;
pub mod reconciling;
pub mod operating;
pub mod production;
mod tls;

use elsewhere::Elsewhere;
use production::Production;

/// A story that has not gone on by then never will.
const PATIENCE: Duration = Duration::from_secs(40);
/// What happens without an event, such as the deletion of a message, is looked for this often.
const LOOK: Duration = Duration::from_millis(10);

/// A running road, and what has happened on it.
pub struct World {
    /// The road.
    pub cloud: Cloud,
    /// What stands around a road that goes by identity; on any other there is none.
    pub production: Option<Production>,
    client: reqwest::Client,
    events: Receiver<Event>,
    seen: Vec<EventKind>,
    log: Arc<Mutex<String>>,
}

impl World {
    /// Starts a world; `program` is the path of `program-under-test`.
    pub async fn start(program: &str) -> Self {
        Self::with(program, |_| {}).await
    }

    /// Starts a world with options of its own.
    pub async fn with(program: &str, change: impl FnOnce(&mut Options)) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let mut options = Options::new(PathBuf::from(program));
        options.github_front = front::asked_for();
        // A schedule would fire within whichever story the machine's clock strikes in.
        options.timers_by_hand = true;
        let lines = Arc::clone(&log);
        options.log = Arc::new(move |line| {
            let mut lines = lines.lock().expect("nobody panics with the log");
            *lines += &format!("{}: {}\n", line.group, line.text);
        });
        let mut production = go_elsewhere(&mut options).await;
        change(&mut options);
        let cloud = Cloud::start(options).await.expect("the road starts");
        if let Some(production) = &mut production {
            production.lead_to_batch(&cloud.ports.batch.url);
        }
        let events = cloud.site.subscribe();
        let client = handler::transport::http_client(None).expect("a client");
        Self { cloud, production, client, events, seen: Vec::new(), log }
    }

    /// Queues a job of `octo/app` that works for a moment.
    pub fn queue_job(&self, labels: &[&str]) -> u64 {
        self.queue(NewJob::new("octo/app", labels))
    }

    /// Queues a job.
    pub fn queue(&self, job: NewJob) -> u64 {
        self.cloud.github.emulator.queue_job(job)
    }

    /// Cancels a job, of which the handler learns nothing.
    pub async fn cancel_unheard(&self, job: u64) {
        let github = &self.cloud.github.emulator;
        self.unheard(|| assert!(github.cancel_job(job), "the job is there, and not over")).await;
    }

    /// Does something of which GitHub tells, and nobody hears.
    pub async fn unheard<T>(&self, act: impl FnOnce() -> T) -> T {
        let (faults, delivery) = (&self.cloud.functions.faults, "ProvideActionsRunner");
        // GitHub's greeting comes as the road starts.
        self.until_called(faults, delivery, 1).await;
        let heard = faults.calls_of(delivery);
        faults.inject(delivery, 1, Effect::Fail { status: 503, retry_after: None });
        let done = act();
        self.until_called(faults, delivery, heard + 1).await;
        done
    }

    /// Waits until something happens, or finds that it has happened since the last wait.
    ///
    /// # Panics
    /// When it does not happen.
    pub async fn until(&mut self, story: &str, mut is_it: impl FnMut(&EventKind) -> bool) {
        loop {
            match tokio::time::timeout(PATIENCE, self.events.recv()).await {
                Ok(Ok(event)) => {
                    self.seen.push(event.kind.clone());
                    if is_it(&event.kind) {
                        return;
                    }
                }
                _ => self.give_up(story),
            }
        }
    }

    /// Waits until an operation was called this often.
    ///
    /// # Panics
    /// When it is not.
    pub async fn until_called(&self, faults: &Faults, operation: &str, times: u64) {
        let called = faults.called(operation, times);
        if tokio::time::timeout(PATIENCE, called).await.is_err() {
            self.give_up(&format!("call {times} of {operation}"));
        }
    }

    /// Kills a function group's process, and waits until the host has noticed and started another.
    ///
    /// # Panics
    /// When the process does not run, or no other comes.
    pub async fn kill_handler(&self, group: &str) {
        let host = &self.cloud.functions.emulator;
        let killed = host.worker_pids().get(group).copied();
        host.kill_worker(group).expect("the process runs");
        let restarted = async {
            while matches!(host.worker_pids().get(group).copied(), pid if pid.is_none() || pid == killed)
            {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, restarted).await.is_err() {
            self.give_up(&format!("another process of {group}"));
        }
    }

    /// Changes application settings, and waits until every process of the handler runs with them.
    ///
    /// # Panics
    /// When one does not come up.
    pub async fn change_settings(&self, settings: &[(&str, &str)]) {
        let host = &self.cloud.functions.emulator;
        let before = host.worker_pids();
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        host.change_settings(&settings.collect());
        let replaced = async {
            let is_new = |(group, pid): (&String, &u32)| before.get(group) != Some(pid);
            while host.worker_pids().len() < before.len() || !host.worker_pids().iter().all(is_new)
            {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, replaced).await.is_err() {
            self.give_up("processes with other settings");
        }
    }

    /// Waits until a runner's task has ended.
    pub async fn until_task_ends(&mut self, task: &str) {
        let ended = |what: &EventKind| matches!(what, EventKind::TaskEnded { task: ended, .. } if ended == task);
        self.until(&format!("the end of {task}"), ended).await;
    }

    /// Waits until a function was invoked once more.
    pub async fn until_invoked(&mut self, name: &str) {
        let invoked = |what: &EventKind| matches!(what, EventKind::Invoked { function, .. } if function == name);
        self.until(&format!("an invocation of {name}"), invoked).await;
    }

    /// Waits until the handler has logged a text so many times.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_logged_times(&self, text: &str, times: usize) {
        let logged = async {
            while self.log().matches(text).count() < times {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, logged).await.is_err() {
            self.give_up(&format!("a line with {text:?}"));
        }
    }

    /// Waits until every job is over and nothing is left: no message, no live task, no registration.
    ///
    /// # Panics
    /// When something stays.
    pub async fn settle(&mut self) {
        let settled = async {
            while !self.is_settled().await {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, settled).await.is_err() {
            while let Ok(event) = self.events.try_recv() {
                self.seen.push(event.kind);
            }
            self.give_up("nothing to be left");
        }
    }

    /// Looks at the messages in between: the task of a message is there before the message is gone.
    async fn is_settled(&self) -> bool {
        self.is_quiet() && self.messages().await == 0 && self.is_quiet()
    }

    fn is_quiet(&self) -> bool {
        let github = &self.cloud.github.emulator;
        github.jobs().iter().all(|job| job.conclusion.is_some())
            && github.runners().is_empty()
            && self.all_tasks().iter().all(|(_, task)| task.state == "completed")
    }

    /// Counts the messages of the queue of requests, hidden ones included.
    pub async fn messages(&self) -> u64 {
        self.cloud.storage.count_messages(&self.client).await.expect("storage answers")
    }

    /// Tells of each claim, in a line, whose it is and how many characters its nonce has.
    pub async fn claims(&self) -> String {
        let claims = claims::claims(&self.cloud.storage, &self.client).await;
        let line = |(name, nonce): &(String, String)| {
            let run = name.rsplit_once('/').map_or(name.as_str(), |(task, _)| task);
            format!("{run}: a nonce of {}", nonce.len())
        };
        let lines: Vec<String> = claims.iter().map(line).collect();
        self.by_place(&lines.join("\n"))
    }

    /// Tells each task of each Batch job in a line, its job by its place among the jobs: `runners-ubuntu: gh-<1> completed 0`.
    pub fn tasks(&self) -> String {
        let line = |(job, task): (String, azure_batch_emulator::TaskSeen)| {
            let code = task.exit_code.map(|code| format!(" {code}")).unwrap_or_default();
            format!("{job}: {} {}{code}", task.id, task.state)
        };
        let lines: Vec<String> = self.all_tasks().into_iter().map(line).collect();
        self.by_place(&lines.join("\n"))
    }

    /// Tells how each job ended and on which runner, in a line each.
    pub fn jobs(&self) -> String {
        let line = |job: &Job| {
            let conclusion = job.conclusion.map(|end| format!("{end:?}").to_lowercase());
            let runner = job.runner.as_ref().map_or("no runner", |runner| &runner.name);
            format!("<{}> {} on {runner}", job.id, conclusion.as_deref().unwrap_or("open"))
        };
        let lines: Vec<String> = self.cloud.github.emulator.jobs().iter().map(line).collect();
        self.by_place(&lines.join("\n"))
    }

    /// Waits until the handler has logged something.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_logged(&self, text: &str) {
        self.until_logged_times(text, 1).await;
    }

    /// Tells what the handler has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with the log").clone()
    }

    /// Ends the world.
    ///
    /// # Panics
    /// When a fault that the story asked for has befallen nobody: its operation may be misspelt.
    pub async fn end(self) {
        let Cloud { queues, blobs, batch, github, platform, functions, .. } = &self.cloud;
        let faults = [
            &queues.faults,
            &blobs.faults,
            &batch.faults,
            &github.faults,
            &platform.identity.faults,
            &platform.management.faults,
            &functions.faults,
        ];
        let unmet: Vec<_> = faults.iter().flat_map(|faults| faults.pending()).collect();
        assert!(unmet.is_empty(), "befell nobody: {unmet:?}");
        self.cloud.shutdown().await;
    }

    pub(crate) fn all_tasks(&self) -> Vec<(String, azure_batch_emulator::TaskSeen)> {
        let batch = &self.cloud.batch.emulator;
        let of_job = |job: azure_batch_emulator::JobSeen| {
            let tasks = batch.tasks(&job.id);
            tasks.into_iter().map(move |task| (job.id.clone(), task))
        };
        batch.jobs().into_iter().flat_map(of_job).collect()
    }

    /// Replaces each job's id by its place among the jobs, so that a story's outcome can be written down.
    pub(crate) fn by_place(&self, text: &str) -> String {
        let jobs = self.cloud.github.emulator.jobs();
        let numbered = jobs.iter().enumerate();
        numbered.fold(text.to_owned(), |text, (place, job)| {
            text.replace(&job.id.to_string(), &(place + 1).to_string())
        })
    }

    pub(crate) fn give_up(&self, story: &str) -> ! {
        let (seen, tasks, log) = (&self.seen, self.tasks(), self.log());
        panic!("waited for {story}, in vain\nhappened: {seen:#?}\ntasks:\n{tasks}\nlog:\n{log}");
    }
}

/// Leads the road to the storage that the environment names, if it names one.
async fn go_elsewhere(options: &mut Options) -> Option<Production> {
    let elsewhere = Elsewhere::of_environment()?;
    let authority = elsewhere.authority();
    let client = handler::transport::http_client(authority.as_deref()).expect("a client");
    let (account, storage) = elsewhere.take_account(&client).await;
    let Some(certificates) = &elsewhere.certificates else {
        options.storage = Some(storage);
        return None;
    };
    let mut production = Production::start(&elsewhere, &account, certificates).await;
    production.furnish(options);
    options.storage = Some(production.bridge(storage).await);
    Some(production)
}
