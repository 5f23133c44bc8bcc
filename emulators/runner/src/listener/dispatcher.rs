//! The job dispatcher: accepts a job, and has a Worker run it in its own process or in a task of this one.

use std::process::Stdio;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

use github_emulator::Conclusion;

use super::session::Session;
use super::{Listener, RETRY_DELAY, WorkerMode};
use crate::configuration::Settings;
use crate::messages::{Message, Report, WorkerInput, WorkerMessage};
use crate::perf_counters;
use crate::runner_service::RunnerService;
use crate::service_error::ServiceError;
use crate::signals::stop_requested;
use crate::worker::{Worker, conclusion_of};

/// The number of attempts to accept a job.
const MAX_ACCEPTANCES: u32 = 5;
/// The delay between a shutdown of the listener and its message to the Worker; observed: 15 to 20 ms.
const SHUTDOWN_DELAY: Duration = Duration::from_millis(20);

/// The result of dispatching a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dispatched {
    /// A Worker ran it, whatever the job's conclusion.
    Served,
    /// It was withdrawn before a Worker was started.
    Withdrawn,
    /// It is assigned to another runner.
    Skipped,
    /// The runner was stopped; the job's conclusion may not have been reported.
    Stopped,
}

/// A Worker while it runs.
enum Running<'a> {
    Process(Box<Child>, ChildStdin),
    Task(futures::future::BoxFuture<'a, Conclusion>, mpsc::UnboundedSender<WorkerMessage>),
}

impl Listener {
    pub(super) async fn dispatch(
        &self,
        service: &RunnerService,
        session: &mut Session,
        job: u64,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Dispatched {
        if service.acknowledge(job).await.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
            self.print_with_time("The job was withdrawn before it was acknowledged.");
            return Dispatched::Withdrawn;
        }
        let Some(message) = self.accept(service, job).await else {
            self.print("Skipping message Job.");
            return Dispatched::Skipped;
        };
        if *stop.borrow() {
            // The real listener ends here as well, without a report to GitHub.
            return Dispatched::Stopped;
        }
        if service.renew(job).await.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
            return Dispatched::Withdrawn;
        }
        perf_counters::write(&self.env, "Runner", &format!("JobRequestRenewed_{job}"));
        let name = message["name"].as_str().unwrap_or_default().to_owned();
        self.print_with_time(&format!("Running job: {name}"));
        let input = worker_input(service, message, settings);
        let Some(conclusion) = self.run_worker(service, session, job, input, stop).await else {
            // The Worker died without a report, so the listener reports in its place.
            service.report(job, &Report::failure()).await;
            self.print_with_time(&format!("Job {name} completed with result: Failed"));
            return Dispatched::Served;
        };
        let result = match conclusion {
            Conclusion::Success => "Succeeded",
            Conclusion::Failure => "Failed",
            Conclusion::Cancelled => "Canceled",
        };
        self.print_with_time(&format!("Job {name} completed with result: {result}"));
        if *stop.borrow() { Dispatched::Stopped } else { Dispatched::Served }
    }

    async fn accept(&self, service: &RunnerService, job: u64) -> Option<Value> {
        for _ in 0..MAX_ACCEPTANCES {
            match service.accept(job).await {
                Ok(message) => return Some(message),
                Err(error) if error.is_transient() => tokio::time::sleep(RETRY_DELAY).await,
                Err(_) => return None,
            }
        }
        None
    }

    /// Runs a Worker and forwards cancellation and shutdown to it; `None` if it died.
    async fn run_worker(
        &self,
        service: &RunnerService,
        session: &mut Session,
        job: u64,
        input: WorkerInput,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<Conclusion> {
        let worker = self.worker();
        perf_counters::write(&self.env, "Runner", "StartingWorkerProcess");
        let mut running = self.start(&worker, input).await?;
        perf_counters::write(&self.env, "Runner", &format!("SentJobToWorker_{job}"));
        let (mut is_cancelled, mut is_stopped) = (false, false);
        loop {
            let message = tokio::select! {
                biased;
                ended = running.ended() => return ended,
                message = after_shutdown(stop), if !is_stopped => message,
                () = self.cancelled(service, session, job), if !is_cancelled => {
                    WorkerMessage::CancelRequest
                }
            };
            is_stopped |= message == WorkerMessage::RunnerShutdown;
            is_cancelled |= message == WorkerMessage::CancelRequest;
            running.send(message).await;
        }
    }

    async fn start<'a>(&self, worker: &'a Worker, input: WorkerInput) -> Option<Running<'a>> {
        if self.worker_mode == WorkerMode::InProcess {
            perf_counters::write(&self.env, "Worker", "WorkerProcessStarted");
            let (sender, messages) = mpsc::unbounded_channel();
            return Some(Running::Task(Box::pin(worker.run(input, messages)), sender));
        }
        let mut child = Command::new(self.home.join("bin/Runner.Worker"))
            .args(["spawnclient", "0", "1"])
            .env_clear()
            .envs(&worker.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let mut pipe = child.stdin.take()?;
        let line = format!("{}\n", serde_json::to_string(&input).ok()?);
        // If the Worker died, its exit code shows it.
        let _ = pipe.write_all(line.as_bytes()).await;
        Some(Running::Process(Box::new(child), pipe))
    }

    /// Waits until the service cancels a job.
    async fn cancelled(&self, service: &RunnerService, session: &mut Session, job: u64) {
        loop {
            match service.next_message(&session.id, session.after).await {
                Ok(Some(envelope)) => {
                    session.after = envelope.number;
                    if matches!(envelope.message, Message::Cancel { job: id } if id == job) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(ServiceError::SessionInvalid) => match self.open_session(service).await {
                    Ok(new) => *session = new,
                    Err(_) => return std::future::pending().await,
                },
                Err(error) if error.is_transient() => tokio::time::sleep(RETRY_DELAY).await,
                // The job continues without the service; its report may fail.
                Err(_) => return std::future::pending().await,
            }
        }
    }
}

impl Running<'_> {
    /// Waits until the Worker ends; `None` if it died.
    async fn ended(&mut self) -> Option<Conclusion> {
        match self {
            Self::Task(work, _) => Some(work.await),
            Self::Process(child, _) => conclusion_of(child.wait().await.ok()?.code()?),
        }
    }

    async fn send(&mut self, message: WorkerMessage) {
        match self {
            // An error means that the Worker has ended.
            Self::Task(_, sender) => {
                let _ = sender.send(message);
            }
            Self::Process(_, pipe) => {
                let _ = pipe.write_all(message.line().as_bytes()).await;
            }
        }
    }
}

async fn after_shutdown(stop: &mut watch::Receiver<bool>) -> WorkerMessage {
    stop_requested(stop).await;
    tokio::time::sleep(SHUTDOWN_DELAY).await;
    WorkerMessage::RunnerShutdown
}

fn worker_input(service: &RunnerService, job_message: Value, settings: &Settings) -> WorkerInput {
    WorkerInput {
        job_message,
        runner: settings.name.clone(),
        work_folder: settings.work_folder.clone(),
        service: service.url().to_owned(),
        token: service.current_token().unwrap_or_default(),
    }
}
