//! A runner without a directory, processes or scripts: it accepts a job, waits for its duration, and reports.
//!
//! This is all that GitHub sees of a runner, and enough for a simulation with thousands of runners.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use tokio::sync::watch;

use emulator_core::clock::Clock;
use emulator_core::transport::Transport;
use github_emulator::Conclusion;

use crate::configuration;
use crate::messages::{JobMessage, Message, Report};
use crate::runner_service::RunnerService;
use crate::service_error::ServiceError;
use crate::signals::stop_requested;

/// The delay before a failed request is repeated.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The delay between two attempts to open a session, as in the real listener.
const SESSION_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The number of session conflicts until the runner gives up: for four minutes.
const MAX_SESSION_CONFLICTS: u32 = 8;
/// The number of attempts to report the end of a job.
const MAX_REPORTS: u32 = 5;

/// A runner configured for one job.
pub struct InMemoryRunner {
    service: RunnerService,
    clock: Clock,
    name: String,
    online: bool,
    admits: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// The job that an in-memory runner accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServedJob {
    /// The id of the job.
    pub job: u64,
    /// The outcome of the job.
    pub outcome: JobOutcome,
}

/// The outcome of an in-memory runner's job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobOutcome {
    /// The steps started; the job succeeded, was cancelled, or failed because the runner was stopped.
    StepsStarted,
    /// "Set up job" failed, so the job failed before the job-started hook.
    SetUpFailed,
    /// The job-started hook rejected the repository, so the job failed before its first step.
    RejectedByHook,
}

impl InMemoryRunner {
    /// Makes a runner from a JIT configuration; `None` if it is invalid.
    pub fn from_jit_config(
        configuration: &str,
        transport: &Transport,
        clock: Clock,
    ) -> Option<Self> {
        let files = configuration::decode(configuration)?;
        let (settings, credentials) = configuration::read_jit(&files).ok()?;
        let service = RunnerService::new(transport, &settings.service_url, credentials);
        let admits = Box::new(|_: &str| true);
        Some(Self { service, clock, name: settings.name, online: true, admits })
    }

    /// Makes it a runner that never opens its session: it runs until it is stopped.
    #[must_use]
    pub fn never_online(self) -> Self {
        Self { online: false, ..self }
    }

    /// Adds a job-started hook that rejects repositories, by their full names, for which `admits` is false.
    #[must_use]
    pub fn with_started_hook(self, admits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { admits: Box::new(admits), ..self }
    }

    /// Returns the registered name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Listens until a job has ended, the registration is removed, or `stop` becomes true; returns the job that
    /// the runner accepted.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> Option<ServedJob> {
        let mut session = tokio::select! {
            biased;
            () = stop_requested(&mut stop) => return None,
            session = self.open_session() => session?,
        };
        let mut after = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = stop_requested(&mut stop) => {
                    // If this fails, the service ends the session once it has no polls.
                    let _ = self.service.close_session(&session).await;
                    return None;
                }
                next = self.service.next_message(&session, after) => next,
            };
            match next {
                Ok(Some(envelope)) => {
                    after = envelope.number;
                    let Message::Job { job } = envelope.message else { continue };
                    let acknowledged = self.service.acknowledge(job).await;
                    if acknowledged.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
                        return None;
                    }
                    let Some(message) = self.accept(job).await else { continue };
                    let outcome = self.serve((&session, after), &message, &mut stop).await;
                    return Some(ServedJob { job, outcome });
                }
                Ok(None) => {}
                Err(ServiceError::SessionInvalid) => {
                    (session, after) = (self.open_session().await?, 0);
                }
                Err(error) if error.is_transient() => self.sleep(RETRY_DELAY).await,
                Err(_) => return None,
            }
        }
    }

    async fn open_session(&self) -> Option<String> {
        if !self.online {
            std::future::pending::<()>().await;
        }
        let mut conflicts = 0;
        while conflicts < MAX_SESSION_CONFLICTS {
            match self.service.open_session().await {
                Ok(session) => return Some(session),
                Err(error) if error.is(StatusCode::CONFLICT) => conflicts += 1,
                Err(error) if error.is_transient() => {}
                Err(_) => return None,
            }
            self.sleep(SESSION_RETRY_DELAY).await;
        }
        None
    }

    async fn accept(&self, job: u64) -> Option<JobMessage> {
        loop {
            match self.service.accept(job).await {
                Ok(message) => return JobMessage::deserialize(message).ok(),
                Err(error) if error.is_transient() => self.sleep(RETRY_DELAY).await,
                Err(_) => return None,
            }
        }
    }

    /// The job of a stopped runner fails; it is not cancelled.
    async fn serve(
        &self,
        session: (&str, u64),
        message: &JobMessage,
        stop: &mut watch::Receiver<bool>,
    ) -> JobOutcome {
        let repository = message.environment.get("GITHUB_REPOSITORY").map_or("", String::as_str);
        if message.set_up_fails {
            self.report(message.job, Conclusion::Failure).await;
            return JobOutcome::SetUpFailed;
        }
        if !(self.admits)(repository) {
            self.report(message.job, Conclusion::Failure).await;
            return JobOutcome::RejectedByHook;
        }
        let conclusion = tokio::select! {
            biased;
            () = stop_requested(stop) => Conclusion::Failure,
            () = self.cancelled(session, message.job) => Conclusion::Cancelled,
            () = self.sleep(Duration::from_millis(message.runs_for_ms)) => Conclusion::Success,
        };
        self.report(message.job, conclusion).await;
        JobOutcome::StepsStarted
    }

    async fn report(&self, job: u64, conclusion: Conclusion) {
        let report = Report { conclusion, ..Report::failure() };
        for _ in 0..MAX_REPORTS {
            match self.service.complete(job, &report).await {
                Err(error) if error.is_transient() => self.sleep(RETRY_DELAY).await,
                _ => return,
            }
        }
    }

    /// Waits until the service cancels the job.
    async fn cancelled(&self, (session, mut after): (&str, u64), job: u64) {
        loop {
            match self.service.next_message(session, after).await {
                Ok(Some(envelope)) => {
                    after = envelope.number;
                    if matches!(envelope.message, Message::Cancel { job: id } if id == job) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) if error.is_transient() => self.sleep(RETRY_DELAY).await,
                Err(_) => return std::future::pending().await,
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep_until(self.clock.now() + duration).await;
    }
}
