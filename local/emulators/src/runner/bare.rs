//! Is a runner without a directory, a process or a script: it takes a job, lets its time pass, and reports.
//!
//! A simulation of thousands of runners needs no more of one than what GitHub sees of it.

use std::time::Duration;

use tokio::sync::watch;

use super::home::{carried, decode};
use super::listening::asked;
use super::service::{Message, Order, Refused, Service};
use crate::clock::Clock;
use crate::github::Conclusion;
use crate::github::wire::Wire;

/// How long it waits before it repeats a request that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the real listener waits between two tries to open its session.
const SESSION_PAUSE: Duration = Duration::from_secs(30);
/// How often it tries to open its session until it gives up: for four minutes.
const SESSIONS: u32 = 8;
/// How often it reports the end of a job until it is given up.
const REPORTS: u32 = 5;

/// A runner that was configured for one job.
pub struct Bare {
    service: Service,
    clock: Clock,
    name: String,
}

impl Bare {
    /// Makes a runner of a configuration; `None` where it cannot be read.
    pub fn configured(configuration: &str, wire: &Wire, clock: Clock) -> Option<Self> {
        let settings = carried(&decode(configuration)?).ok()?;
        let service = Service::new(wire, &settings.service, &settings.secret);
        Some(Self { service, clock, name: settings.name })
    }

    /// Tells the name that it is registered by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Listens and serves until a job has ended, the registration is gone, or `stop` becomes true; tells the
    /// job that it took.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> Option<u64> {
        let session = tokio::select! {
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
                    let Some(order) = self.take(job).await else { continue };
                    self.serve((&session, after), &order, &mut stop).await;
                    return Some(job);
                }
                Ok(None) => {}
                Err(Refused::Unavailable | Refused::Conflict) => self.pass(PAUSE).await,
                Err(Refused::Gone | Refused::Deprecated) => return None,
            }
        }
    }

    async fn open_session(&self) -> Option<String> {
        for _ in 0..SESSIONS {
            match self.service.open_session().await {
                Ok(session) => return Some(session),
                Err(Refused::Gone | Refused::Deprecated) => return None,
                Err(Refused::Conflict | Refused::Unavailable) => self.pass(SESSION_PAUSE).await,
            }
        }
        None
    }

    async fn take(&self, job: u64) -> Option<Order> {
        loop {
            match self.service.accept(job).await {
                Ok(order) => return Some(order),
                Err(Refused::Unavailable) => self.pass(PAUSE).await,
                Err(_) => return None,
            }
        }
    }

    /// A stopped runner's job has failed, not been cancelled.
    async fn serve(&self, heard: (&str, u64), order: &Order, stop: &mut watch::Receiver<bool>) {
        let conclusion = tokio::select! {
            biased;
            () = asked(stop) => Conclusion::Failure,
            () = self.cancelled(heard, order.job) => Conclusion::Cancelled,
            () = self.pass(Duration::from_millis(order.runs_for_ms)) => Conclusion::Success,
        };
        for _ in 0..REPORTS {
            match self.service.complete(order.job, conclusion).await {
                Err(Refused::Unavailable) => self.pass(PAUSE).await,
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
                Err(Refused::Gone | Refused::Deprecated) => return std::future::pending().await,
                Err(Refused::Unavailable | Refused::Conflict) => self.pass(PAUSE).await,
            }
        }
    }

    async fn pass(&self, time: Duration) {
        self.clock.reaches(self.clock.now() + time).await;
    }
}
