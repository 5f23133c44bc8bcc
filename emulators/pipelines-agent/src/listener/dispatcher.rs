//! The job: the first renewal, the worker, further renewals, and the report of the result.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::{Agent, ServedJob, stop_requested};
use crate::messages::JobMessage;
use crate::notifications::Notifications;

/// The interval of renewals.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(60);
/// The attempts of the first renewal.
const MAX_FIRST_RENEWALS: u32 = 5;
/// The delay between two attempts of the first renewal; the real agent takes 1 to 10 seconds.
const FIRST_RENEWAL_DELAY: Duration = Duration::from_secs(5);
/// How long after the end of its lock a job is still renewed.
const LOCK_GRACE: TimeDelta = TimeDelta::minutes(5);
/// The attempts to report a result.
const MAX_REPORTS: u32 = 5;
/// The first version of a plan whose worker reports the result.
const WORKER_REPORTS: u64 = 8;

/// The end of a job.
pub(super) struct Ended {
    /// The job, if its worker started.
    pub(super) served: Option<ServedJob>,
}

/// The death of the agent's machine, some time after the start of the job.
pub(super) struct Death {
    started: watch::Receiver<Option<DateTime<Utc>>>,
    after: Duration,
}

impl Death {
    /// Waits for the start of the job, and returns the time of the death.
    pub(super) async fn at(&mut self) -> DateTime<Utc> {
        let started = self.started.wait_for(Option::is_some).await.map(|started| *started);
        match started {
            Ok(Some(started)) => started + self.after,
            // The job has ended before its worker started.
            _ => std::future::pending().await,
        }
    }
}

type Work<'a> = Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>>;

/// The job of the agent, if there is one.
pub(super) struct Job<'a>(Option<Running<'a>>);

struct Running<'a> {
    message: JobMessage,
    work: Work<'a>,
    cancel: watch::Sender<bool>,
    started: watch::Receiver<Option<DateTime<Utc>>>,
    dies_after: Option<Duration>,
    is_announced: bool,
}

impl Agent {
    /// Begins a job.
    pub(super) fn dispatch(&self, message: JobMessage) -> Job<'_> {
        let (cancel, cancelled) = watch::channel(false);
        let (start, started) = watch::channel(None);
        let work = Box::pin(self.serve(message.clone(), start, cancelled));
        let dies_after = self.behaviour.dies_after;
        Job(Some(Running { message, work, cancel, started, dies_after, is_announced: false }))
    }

    /// Serves a job; returns its result, or `None` if the first renewal failed, so that no worker started.
    async fn serve(
        &self,
        job: JobMessage,
        start: watch::Sender<Option<DateTime<Utc>>>,
        mut cancelled: watch::Receiver<bool>,
    ) -> Option<String> {
        let locked_until = self.first_renewal(job.request).await?;
        self.print(&format!("Running job: {}", job.name));
        start.send_replace(Some(self.clock.now()));
        let result = tokio::select! {
            biased;
            () = stop_requested(&mut cancelled) => "canceled".to_owned(),
            () = self.sleep(job.runs_for) => job.result.clone(),
            () = self.renew_until_lost(job.request, locked_until) => "canceled".to_owned(),
        };
        self.report(&job, &result).await;
        self.print(&format!("Job {} completed with result: {}", job.name, capitalized(&result)));
        Some(result)
    }

    /// Renews the lock before the worker starts; `None` if it cannot.
    async fn first_renewal(&self, request: u64) -> Option<DateTime<Utc>> {
        for attempt in 1..=MAX_FIRST_RENEWALS {
            match self.service.renew(request).await {
                Ok(locked_until) => return locked_until,
                Err(error) if is_lost(&error) => return None,
                Err(_) if attempt < MAX_FIRST_RENEWALS => self.sleep(FIRST_RENEWAL_DELAY).await,
                Err(_) => {}
            }
        }
        None
    }

    /// Renews the lock until the service has given the job up, or the lock has ended for five minutes.
    async fn renew_until_lost(&self, request: u64, mut locked_until: DateTime<Utc>) {
        loop {
            self.sleep(RENEWAL_INTERVAL).await;
            match self.service.renew(request).await {
                Ok(renewed) => locked_until = renewed.unwrap_or(locked_until),
                Err(error) if is_lost(&error) => return,
                Err(_) if self.clock.now() > locked_until + LOCK_GRACE => return,
                Err(_) => {}
            }
        }
    }

    /// Reports a result: for plans from version 8 on the worker does, and no process if it crashes.
    async fn report(&self, job: &JobMessage, result: &str) {
        let is_workers = job.plan.version >= WORKER_REPORTS;
        if is_workers && self.behaviour.worker_crashes {
            return;
        }
        let result = if self.behaviour.worker_crashes { "failed" } else { result };
        for _ in 0..MAX_REPORTS {
            let announces = self.behaviour.announces_end;
            let reported = match is_workers {
                true => self.service.complete(job, result, announces).await,
                false => self.service.finish(job.request, result).await,
            };
            match reported {
                Ok(()) => return,
                Err(error) if is_lost(&error) => return,
                Err(_) => self.sleep(FIRST_RENEWAL_DELAY).await,
            }
        }
    }
}

impl Job<'_> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Returns when the machine dies, if it does.
    pub(super) fn death(&self) -> Option<Death> {
        let running = self.0.as_ref()?;
        Some(Death { started: running.started.clone(), after: running.dies_after? })
    }

    pub(super) fn cancel(&mut self) {
        if let Some(running) = &self.0 {
            running.cancel.send_replace(true);
        }
    }

    pub(super) fn cancel_if(&mut self, job_id: &str) {
        if self.0.as_ref().is_some_and(|running| running.message.job_id == job_id) {
            self.cancel();
        }
    }

    /// Returns the job if its worker has started.
    pub(super) fn served(&self, result: &str) -> Option<ServedJob> {
        let running = self.0.as_ref()?;
        let has_started = running.started.borrow().is_some();
        has_started
            .then(|| ServedJob { request: running.message.request, result: result.to_owned() })
    }

    /// Waits until the job ends; for ever if there is none. It may be dropped and called again.
    pub(super) async fn run(&mut self, notifications: &mut Notifications) -> Ended {
        let Some(running) = &mut self.0 else { return std::future::pending().await };
        let result = loop {
            if running.is_announced {
                break running.work.as_mut().await;
            }
            tokio::select! {
                biased;
                result = running.work.as_mut() => break result,
                Ok(_) = running.started.wait_for(Option::is_some) => {}
            }
            running.is_announced = true;
            notifications.job_started(&running.message.job_id).await;
        };
        let (request, job_id) = (running.message.request, running.message.job_id.clone());
        self.0 = None;
        if result.is_some() {
            notifications.job_finished(&job_id).await;
        }
        Ended { served: result.map(|result| ServedJob { request, result }) }
    }

    /// Waits until the job has ended.
    pub(super) async fn finish(&mut self, notifications: &mut Notifications) -> Option<ServedJob> {
        self.run(notifications).await.served
    }
}

/// Returns whether the service has given the job up.
fn is_lost(error: &crate::service_error::ServiceError) -> bool {
    error.is("TaskAgentJobNotFoundException") || error.is("TaskAgentJobTokenExpiredException")
}

fn capitalized(result: &str) -> String {
    let mut letters = result.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
