//! Takes a job and has a Worker serve it: a process of its own, or a task of this one.

use std::process::Stdio;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

use github_emulator::Conclusion;

use super::home::Settings;
use super::listening::{Session, asked};
use super::rejected::Rejected;
use super::service::{Message, Report, Service};
use super::worker::{Assignment, Notice, Worker, conclusion_of};
use super::{Listener, PAUSE, Workers, perf, report};

/// How often it tries to take a job that it heard of.
const ACCEPTANCES: u32 = 5;
/// How much later than the listener the Worker hears of a shutdown; seen: 15 to 20 ms.
const SHUTDOWN_DELAY: Duration = Duration::from_millis(20);

/// What became of a job that the listener heard of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dispatched {
    /// A Worker served it, whatever the job's conclusion.
    Served,
    /// It was withdrawn before a Worker was started.
    Withdrawn,
    /// Another runner has it.
    Skipped,
    /// The runner was stopped; what the job came to may not have been reported.
    Stopped,
}

/// A Worker at work.
enum Running<'a> {
    Process(Box<Child>, ChildStdin),
    Task(futures::future::BoxFuture<'a, Conclusion>, mpsc::UnboundedSender<Notice>),
}

impl Listener {
    pub(super) async fn dispatch(
        &self,
        service: &Service,
        session: &mut Session,
        job: u64,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Dispatched {
        if service.acknowledge(job).await.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
            self.say_at("The job was withdrawn before it was acknowledged.");
            return Dispatched::Withdrawn;
        }
        let Some(order) = self.accept(service, job).await else {
            self.say("Skipping message Job.");
            return Dispatched::Skipped;
        };
        if *stop.borrow() {
            // As the real one, which ends here without a word to GitHub.
            return Dispatched::Stopped;
        }
        if service.renew(job).await.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
            return Dispatched::Withdrawn;
        }
        perf::write(&self.env, "Runner", &format!("JobRequestRenewed_{job}"));
        let name = order["name"].as_str().unwrap_or_default().to_owned();
        self.say_at(&format!("Running job: {name}"));
        let assignment = assignment(service, order, settings);
        let Some(conclusion) = self.serve(service, session, job, assignment, stop).await else {
            // The Worker died without a word; so the listener reports in its place.
            report(service, job, &Report::failure()).await;
            self.say_at(&format!("Job {name} completed with result: Failed"));
            return Dispatched::Served;
        };
        let result = match conclusion {
            Conclusion::Success => "Succeeded",
            Conclusion::Failure => "Failed",
            Conclusion::Cancelled => "Canceled",
        };
        self.say_at(&format!("Job {name} completed with result: {result}"));
        if *stop.borrow() { Dispatched::Stopped } else { Dispatched::Served }
    }

    async fn accept(&self, service: &Service, job: u64) -> Option<Value> {
        for _ in 0..ACCEPTANCES {
            match service.accept(job).await {
                Ok(order) => return Some(order),
                Err(error) if error.may_pass() => tokio::time::sleep(PAUSE).await,
                Err(_) => return None,
            }
        }
        None
    }

    /// Runs a Worker and hands it what it must hear of; `None` where it died.
    async fn serve(
        &self,
        service: &Service,
        session: &mut Session,
        job: u64,
        assignment: Assignment,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<Conclusion> {
        let worker = self.worker();
        perf::write(&self.env, "Runner", "StartingWorkerProcess");
        let mut running = self.start(&worker, assignment).await?;
        perf::write(&self.env, "Runner", &format!("SentJobToWorker_{job}"));
        let (mut is_cancelled, mut is_stopped) = (false, false);
        loop {
            let notice = tokio::select! {
                biased;
                ended = running.ended() => return ended,
                notice = after_shutdown(stop), if !is_stopped => notice,
                () = self.cancellation(service, session, job), if !is_cancelled => Notice::Cancel,
            };
            is_stopped |= notice == Notice::Shutdown;
            is_cancelled |= notice == Notice::Cancel;
            running.emit(notice).await;
        }
    }

    fn worker(&self) -> Worker {
        Worker { home: self.home.clone(), env: self.inherited(), transport: self.transport.clone() }
    }

    async fn start<'a>(&self, worker: &'a Worker, assignment: Assignment) -> Option<Running<'a>> {
        if self.workers == Workers::InProcess {
            perf::write(&self.env, "Worker", "WorkerProcessStarted");
            let (teller, notices) = mpsc::unbounded_channel();
            return Some(Running::Task(Box::pin(worker.work(assignment, notices)), teller));
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
        let line = format!("{}\n", serde_json::to_string(&assignment).ok()?);
        // A Worker that died is found by its exit code.
        let _ = pipe.write_all(line.as_bytes()).await;
        Some(Running::Process(Box::new(child), pipe))
    }

    /// Waits until the service says that a job was cancelled.
    async fn cancellation(&self, service: &Service, session: &mut Session, job: u64) {
        loop {
            match service.next_message(&session.id, session.after).await {
                Ok(Some(envelope)) => {
                    session.after = envelope.number;
                    if matches!(envelope.message, Message::Cancel { job: one } if one == job) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(Rejected::SessionInvalid) => match self.open_session(service).await {
                    Ok(new) => *session = new,
                    Err(_) => return std::future::pending().await,
                },
                Err(error) if error.may_pass() => tokio::time::sleep(PAUSE).await,
                // The job goes on without the service; its end is reported, or is not.
                Err(_) => return std::future::pending().await,
            }
        }
    }
}

impl Running<'_> {
    /// Waits for the Worker's end; `None` where it died.
    async fn ended(&mut self) -> Option<Conclusion> {
        match self {
            Self::Task(work, _) => Some(work.await),
            Self::Process(child, _) => conclusion_of(child.wait().await.ok()?.code()?),
        }
    }

    async fn emit(&mut self, notice: Notice) {
        match self {
            // An error says that the Worker has ended.
            Self::Task(_, teller) => {
                let _ = teller.send(notice);
            }
            Self::Process(_, pipe) => {
                let _ = pipe.write_all(notice.line().as_bytes()).await;
            }
        }
    }
}

async fn after_shutdown(stop: &mut watch::Receiver<bool>) -> Notice {
    asked(stop).await;
    tokio::time::sleep(SHUTDOWN_DELAY).await;
    Notice::Shutdown
}

fn assignment(service: &Service, order: Value, settings: &Settings) -> Assignment {
    Assignment {
        order,
        runner: settings.name.clone(),
        work_folder: settings.work_folder.clone(),
        service: service.url().to_owned(),
        token: service.known_token().unwrap_or_default(),
    }
}
