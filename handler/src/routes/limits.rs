//! Limits each function's invocations: how long one may take, whatever hangs.
//!
//! host.json grants 300 seconds, and Azure's front end 230 to a caller. See [`crate::deadline`] for what exceeding
//! the first would do.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::field::Empty;
use tracing::{Instrument, error, info_span};

use crate::deadline::Deadline;
use crate::http::Response;

/// The time in which requests are sent for an invocation of the slowest functions.
const MAX_TIME: Duration = Duration::from_secs(199);

/// The limit of a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    function: &'static str,
    time: Duration,
}

/// GitHub waits ten seconds for the answer to a delivery.
pub(super) const PROVIDE_ACTIONS_RUNNER: Limit =
    Limit { function: "ProvideActionsRunner", time: Duration::from_millis(7_000) };
/// The claim script waits 60 seconds: a credential that is made later reaches no runner.
pub(super) const CLAIM_RUNNER: Limit =
    Limit { function: "ClaimRunner", time: Duration::from_secs(50) };
pub(super) const SUBMIT_RUNNER_TASK: Limit = Limit { function: "SubmitRunnerTask", time: MAX_TIME };
pub(super) const RECONCILE_RUNNERS: Limit = Limit { function: "ReconcileRunners", time: MAX_TIME };
pub(super) const REFRESH_FIREWALL: Limit = Limit { function: "RefreshFirewall", time: MAX_TIME };
/// A person waits for the answer.
pub(super) const STATUS: Limit = Limit { function: "Status", time: Duration::from_secs(100) };
pub(super) const OPERATE: Limit = Limit { function: "Operate", time: MAX_TIME };

impl Limit {
    /// Runs an invocation within its limit; one that was cut off may succeed later, and every step bears that.
    ///
    /// It is on the heap: the routes' own state would hold the states of all functions, several times over.
    pub(super) fn hold(
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
