//! Applies the injected outcome to every call: a delay, a failure, or a lost request or response.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use emulator_core::clock::Clock;
use emulator_core::service::{Emulator, Request, Response, Service};
use http::{StatusCode, header};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::recorder::Recorder;
use super::{odd_items, refusals};
use crate::faults::{Call, FaultInjector, FaultOutcome};
use crate::scenario::Callee;
use crate::scenario::Scenario;

/// Time that the handler waits for a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// The network with its fault injector and the random choices that no scenario plans.
pub(super) struct FaultyNetwork {
    pub(super) clock: Clock,
    pub(super) recorder: Arc<Recorder>,
    injector: Mutex<FaultInjector>,
    rng: Mutex<StdRng>,
    /// That of calls of Azure DevOps, so that simulations without them stay as they are.
    rng_of_pipelines: Mutex<StdRng>,
}

/// A broken connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Broken {
    /// The request never arrived.
    Before,
    /// The response was lost.
    After,
}

impl FaultyNetwork {
    pub(super) fn new(scenario: &Scenario, clock: Clock, recorder: Arc<Recorder>) -> Self {
        let injector = Mutex::new(FaultInjector::of(scenario));
        let rng = Mutex::new(StdRng::seed_from_u64(scenario.seed ^ 0x5707));
        let rng_of_pipelines = Mutex::new(StdRng::seed_from_u64(scenario.seed ^ 0xa2d0));
        Self { clock, recorder, injector, rng, rng_of_pipelines }
    }

    /// Sends a call to a service and applies its outcome.
    ///
    /// A request that has arrived is carried out even if the caller is gone.
    pub(super) async fn carry<E: Emulator>(
        &self,
        (deployment, callee): (usize, Callee),
        service: &Arc<Service<E>>,
        request: Request,
    ) -> Result<Response, Broken> {
        let operation = service.emulator.operation(&request);
        let operation = operation.map_or("unmodelled".to_owned(), |known| format!("{known:?}"));
        let call = Call { deployment, callee, operation: &operation, path: request.uri().path() };
        let outcome = self.injector().next(call, self.recorder.second());
        let odd = callee == Callee::Github
            && self.injector().adds_odd_item(&operation, self.recorder.second());
        self.recorder.called(callee, &operation, outcome, &request);
        let (there, back) = (self.latency(callee, 5..80), self.latency(callee, 5..40));
        self.pass(there).await;
        match outcome {
            FaultOutcome::Pass => {}
            FaultOutcome::Slow { milliseconds } => {
                self.pass(Duration::from_millis(milliseconds)).await
            }
            FaultOutcome::Fail { status, retry_after } => {
                self.pass(back).await;
                return Ok(failure(service, status, retry_after));
            }
            FaultOutcome::Refuse(refusal) => {
                self.pass(back).await;
                return Ok(refusals::response(refusal));
            }
            FaultOutcome::LostRequest => {
                // Most connections break immediately; some stay silent.
                let silent = self.rng_of(callee).random_bool(0.2);
                self.pass(if silent { RESPONSE_TIMEOUT } else { back }).await;
                return Err(Broken::Before);
            }
            FaultOutcome::LostAnswer => {}
        }
        let arrived = tokio::spawn({
            let service = Arc::clone(service);
            async move { service.call(request).await }
        });
        let answer = arrived.await;
        self.pass(back).await;
        match answer {
            Ok(Ok(answer)) if outcome != FaultOutcome::LostAnswer => {
                Ok(if odd { odd_items::with_odd_item(answer) } else { answer })
            }
            _ => Err(Broken::After),
        }
    }

    /// Returns the random duration of one direction of a call, in milliseconds.
    fn latency(&self, callee: Callee, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.rng_of(callee).random_range(range))
    }

    fn rng_of(&self, callee: Callee) -> MutexGuard<'_, StdRng> {
        match callee {
            Callee::Pipelines => {
                self.rng_of_pipelines.lock().expect("no holder of this lock can panic")
            }
            _ => self.rng(),
        }
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }

    /// Returns a random duration in milliseconds.
    pub(super) fn draw(&self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.rng().random_range(range))
    }

    pub(super) fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.rng.lock().expect("no holder of this lock can panic")
    }

    pub(super) fn injector(&self) -> MutexGuard<'_, FaultInjector> {
        self.injector.lock().expect("no holder of this lock can panic")
    }
}

impl From<Broken> for handler::transport::TransportError {
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
    let status = StatusCode::from_u16(status).expect("the injector uses valid statuses");
    let mut answer = service.emulator.failure(status, "an injected fault");
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}
