//! Lets each call meet its fate on the way: it is slow, fails, or breaks before or after its work.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Request, Response, Service};
use http::{StatusCode, header};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::chronicle::Chronicle;
use crate::fate::{Callee, Fate, Fates};
use crate::plan::Plan;

/// How long the handler waits for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// What befalls calls, and the chance of everything that no plan foresees.
pub(super) struct Weather {
    pub(super) clock: Clock,
    pub(super) chronicle: Arc<Chronicle>,
    fates: Mutex<Fates>,
    dice: Mutex<StdRng>,
}

/// A connection broke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Broken {
    /// Before the request arrived.
    Before,
    /// Before the answer came.
    After,
}

impl Weather {
    pub(super) fn new(plan: &Plan, clock: Clock, chronicle: Arc<Chronicle>) -> Self {
        let fates = Mutex::new(Fates::of(plan));
        let dice = Mutex::new(StdRng::seed_from_u64(plan.seed ^ 0x5707));
        Self { clock, chronicle, fates, dice }
    }

    /// Carries a call to a service as fate has it.
    ///
    /// What has arrived is done even if the caller is gone by then.
    pub(super) async fn carry<E: Emulator>(
        &self,
        callee: Callee,
        service: &Arc<Service<E>>,
        request: Request,
    ) -> Result<Response, Broken> {
        let operation = service.emulator.operation(&request);
        let operation = operation.map_or("unmodelled".to_owned(), |known| format!("{known:?}"));
        let fate = self.fates().next(callee, &operation, self.chronicle.second());
        self.chronicle.called(callee, &operation, fate, &request);
        let (there, back) = (self.draw(5..80), self.draw(5..40));
        self.pass(there).await;
        match fate {
            Fate::Pass => {}
            Fate::Slow { milliseconds } => self.pass(Duration::from_millis(milliseconds)).await,
            Fate::Fail { status, retry_after } => {
                self.pass(back).await;
                return Ok(failure(service, status, retry_after));
            }
            Fate::LostRequest => {
                // Most connections break at once; some just say nothing more.
                let silent = self.dice().random_bool(0.2);
                self.pass(if silent { PATIENCE } else { back }).await;
                return Err(Broken::Before);
            }
            Fate::LostAnswer => {}
        }
        let arrived = tokio::spawn({
            let service = Arc::clone(service);
            async move { service.call(request).await }
        });
        let answer = arrived.await;
        self.pass(back).await;
        match answer {
            Ok(Ok(answer)) if fate != Fate::LostAnswer => Ok(answer),
            _ => Err(Broken::After),
        }
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }

    /// Draws a length of time, in milliseconds.
    pub(super) fn draw(&self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.dice().random_range(range))
    }

    pub(super) fn dice(&self) -> MutexGuard<'_, StdRng> {
        self.dice.lock().expect("no holder of this lock can panic")
    }

    pub(super) fn fates(&self) -> MutexGuard<'_, Fates> {
        self.fates.lock().expect("no holder of this lock can panic")
    }
}

impl From<Broken> for handler::transport::Unanswered {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Before => Self::NotConnected("the connection was refused".to_owned()),
            Broken::After => Self::Broken("the connection broke".to_owned()),
        }
    }
}

impl From<Broken> for emulator_core::transport::TransportError {
    fn from(_: Broken) -> Self {
        Self("the connection broke".to_owned())
    }
}

fn failure<E: Emulator>(
    service: &Arc<Service<E>>,
    status: u16,
    retry_after: Option<u32>,
) -> Response {
    let status = StatusCode::from_u16(status).expect("fates name statuses that there are");
    let mut answer = service.emulator.failure(status, "the storm");
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}
