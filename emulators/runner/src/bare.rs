//! A runner without a directory, a process or a script: it takes a job, lets its time pass, and reports.
//!
//! A simulation of thousands of runners needs no more of one than what GitHub sees of it.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use tokio::sync::watch;

use super::home::{carried, decode};
use super::listening::asked;
use super::rejected::Rejected;
use super::service::{Message, Order, Report, Service};
use emulator_core::clock::Clock;
use emulator_core::transport::Transport;
use github_emulator::Conclusion;

/// How long it waits before it repeats a request that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the real listener waits between two tries to open its session.
const SESSION_PAUSE: Duration = Duration::from_secs(30);
/// How often it finds the session of another one until it gives up: for four minutes.
const SESSION_CONFLICTS: u32 = 8;
/// How often it reports the end of a job until it is given up.
const REPORTS: u32 = 5;

/// A runner that was configured for one job.
pub struct Bare {
    service: Service,
    clock: Clock,
    name: String,
    online: bool,
    admits: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// What a bare runner did with the job that it got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Served {
    /// The job's number.
    pub job: u64,
    /// How far it came.
    pub course: Course,
}

/// How far a bare runner's job came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Course {
    /// Its steps began; the job succeeded, was cancelled, or failed because the runner was stopped.
    Worked,
    /// "Set up job" failed: the job failed before the job-started hook.
    SetUpFailed,
    /// The job-started hook refused its repository: the job failed before its first step.
    Refused,
}

impl Bare {
    /// Makes a runner of a configuration; `None` where it cannot be read.
    pub fn configured(configuration: &str, transport: &Transport, clock: Clock) -> Option<Self> {
        let mut settings = carried(&decode(configuration)?).ok()?;
        let service = Service::new(transport, &settings.service, settings.credentials.take()?);
        let admits = Box::new(|_: &str| true);
        Some(Self { service, clock, name: settings.name, online: true, admits })
    }

    /// Makes it a runner that never opens its session: it runs until it is stopped.
    #[must_use]
    pub fn never_online(self) -> Self {
        Self { online: false, ..self }
    }

    /// Gives it a job-started hook that admits some repositories, by their full names, and refuses others.
    #[must_use]
    pub fn admitting(self, admits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { admits: Box::new(admits), ..self }
    }

    /// Returns the name that it is registered by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Listens and serves until a job has ended, the registration is gone, or `stop` becomes true; returns
    /// what became of the job that it got.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> Option<Served> {
        let mut session = tokio::select! {
            biased;
            () = asked(&mut stop) => return None,
            session = self.open_session() => session?,
        };
        let mut after = 0;
        loop {
            let heard = tokio::select! {
                biased;
                () = asked(&mut stop) => {
                    // The service forgets a session that nobody asks in.
                    let _ = self.service.close_session(&session).await;
                    return None;
                }
                heard = self.service.next_message(&session, after) => heard,
            };
            match heard {
                Ok(Some(envelope)) => {
                    after = envelope.number;
                    let Message::Job { job } = envelope.message else { continue };
                    let acknowledged = self.service.acknowledge(job).await;
                    if acknowledged.is_err_and(|error| error.is(StatusCode::NOT_FOUND)) {
                        return None;
                    }
                    let Some(order) = self.take(job).await else { continue };
                    let course = self.serve((&session, after), &order, &mut stop).await;
                    return Some(Served { job, course });
                }
                Ok(None) => {}
                Err(Rejected::SessionInvalid) => {
                    (session, after) = (self.open_session().await?, 0);
                }
                Err(error) if error.may_pass() => self.pass(PAUSE).await,
                Err(_) => return None,
            }
        }
    }

    async fn open_session(&self) -> Option<String> {
        if !self.online {
            std::future::pending::<()>().await;
        }
        let mut conflicts = 0;
        while conflicts < SESSION_CONFLICTS {
            match self.service.open_session().await {
                Ok(session) => return Some(session),
                Err(error) if error.is(StatusCode::CONFLICT) => conflicts += 1,
                Err(error) if error.may_pass() => {}
                Err(_) => return None,
            }
            self.pass(SESSION_PAUSE).await;
        }
        None
    }

    async fn take(&self, job: u64) -> Option<Order> {
        loop {
            match self.service.accept(job).await {
                Ok(order) => return Order::deserialize(order).ok(),
                Err(error) if error.may_pass() => self.pass(PAUSE).await,
                Err(_) => return None,
            }
        }
    }

    /// A stopped runner's job has failed, not been cancelled.
    async fn serve(
        &self,
        heard: (&str, u64),
        order: &Order,
        stop: &mut watch::Receiver<bool>,
    ) -> Course {
        let repository = order.environment.get("GITHUB_REPOSITORY").map_or("", String::as_str);
        if order.set_up_fails {
            self.report(order.job, Conclusion::Failure).await;
            return Course::SetUpFailed;
        }
        if !(self.admits)(repository) {
            self.report(order.job, Conclusion::Failure).await;
            return Course::Refused;
        }
        let conclusion = tokio::select! {
            biased;
            () = asked(stop) => Conclusion::Failure,
            () = self.cancelled(heard, order.job) => Conclusion::Cancelled,
            () = self.pass(Duration::from_millis(order.runs_for_ms)) => Conclusion::Success,
        };
        self.report(order.job, conclusion).await;
        Course::Worked
    }

    async fn report(&self, job: u64, conclusion: Conclusion) {
        let report = Report { conclusion, ..Report::failure() };
        for _ in 0..REPORTS {
            match self.service.complete(job, &report).await {
                Err(error) if error.may_pass() => self.pass(PAUSE).await,
                _ => return,
            }
        }
    }

    async fn cancelled(&self, (session, mut after): (&str, u64), job: u64) {
        loop {
            match self.service.next_message(session, after).await {
                Ok(Some(envelope)) => {
                    after = envelope.number;
                    if matches!(envelope.message, Message::Cancel { job: asked } if asked == job) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) if error.may_pass() => self.pass(PAUSE).await,
                Err(_) => return std::future::pending().await,
            }
        }
    }

    async fn pass(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }
}
