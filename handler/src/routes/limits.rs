//! Limits the duration of each function's invocations, and opens the span under which they log.
//!
//! host.json allows 300 seconds, and Azure's front end waits 230. See [`crate::deadline`] for the consequence of
//! exceeding the former.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::field::Empty;
use tracing::{Instrument, error, info_span};

use crate::deadline::Deadline;
use crate::http::Response;

/// The period in which an invocation of the slowest functions may send requests.
const MAX_TIME: Duration = Duration::from_secs(199);

/// The name of a function, and the maximum duration of its invocations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    function: &'static str,
    time: Duration,
}

/// GitHub waits ten seconds for the response to a delivery.
pub(super) const PROVIDE_ACTIONS_RUNNER: Limit =
    Limit { function: "ProvideActionsRunner", time: Duration::from_millis(7_000) };
/// How long Azure DevOps waits for the response to an event is not documented.
pub(super) const PROVIDE_PIPELINES_AGENT: Limit =
    Limit { function: "ProvidePipelinesAgent", time: Duration::from_millis(7_000) };
/// A task that is completed by the answer waits 60 seconds for it.
/// <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-function-v1>
pub(super) const PROVIDE_AZDO_AGENT: Limit =
    Limit { function: "ProvideAzDOAgent", time: Duration::from_secs(20) };
/// The claim script waits 60 seconds: a credential that is created later reaches no runner.
pub(super) const CLAIM_RUNNER: Limit =
    Limit { function: "ClaimRunner", time: Duration::from_secs(50) };
pub(super) const SUBMIT_RUNNER_TASK: Limit = Limit { function: "SubmitRunnerTask", time: MAX_TIME };
pub(super) const RECONCILE_RUNNERS: Limit = Limit { function: "ReconcileRunners", time: MAX_TIME };
pub(super) const REFRESH_FIREWALL: Limit = Limit { function: "RefreshFirewall", time: MAX_TIME };
/// A person waits for the response.
pub(super) const STATUS: Limit = Limit { function: "Status", time: Duration::from_secs(100) };
/// It reads the networks of operators only.
pub(super) const STATUS_PAGE: Limit =
    Limit { function: "StatusPage", time: Duration::from_secs(50) };
pub(super) const OPERATE: Limit = Limit { function: "Operate", time: MAX_TIME };

impl Limit {
    /// Runs an invocation within its limit. A caller may repeat one that was cut off: every step is idempotent.
    ///
    /// The future is boxed: otherwise the routes' own future would contain those of all functions, several times.
    pub(super) fn run(
        self,
        invocation: impl Future<Output = Response> + Send + 'static,
    ) -> BoxFuture<'static, Response> {
        let Self { function, time } = self;
        let invocation = invocation.boxed();
        let bounded = async move {
            Deadline::after(time).bound(invocation).await.unwrap_or_else(|elapsed| {
                error!("failed to end within {} s: {elapsed}", time.as_secs());
                Response::later(elapsed, None)
            })
        };
        let span = info_span!(
            "invocation",
            function,
            delivery = Empty,
            job.id = Empty,
            task.id = Empty,
            repo = Empty
        );
        bounded.instrument(span).boxed()
    }
}
