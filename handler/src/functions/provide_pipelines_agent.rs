//! ProvidePipelinesAgent: receives an event of Azure Pipelines, and has the agent pools read.
//!
//! It calls neither Azure DevOps nor Batch. An authentic event is never answered with a status that puts the subscription on
//! probation.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::json;
use tracing::field::display;
use tracing::{Span, error, info, warn};

use crate::app::{App, PipelinesService};
use crate::error_chain::ErrorChain;
use crate::firewall::{Rejected, admit_event};
use crate::http::{Body, BodyError, Response, header_str, read_body};
use crate::message::{Message, PipelinesEvent};
use crate::pipelines::hook::{
    Event, HookSecrets, MAX_BODY_BYTES, NotAuthentic, Presented, SECRET_HEADER, authenticate,
    is_retried, parse,
};
use crate::storage::QueueError;

/// Why an event is rejected.
#[derive(Debug, thiserror::Error)]
enum EventError {
    #[error(
        "this deployment serves no agent pools: its setting AzureDevOpsUrl is not set; delete the subscription"
    )]
    NotServed,
    #[error(transparent)]
    Source(#[from] Rejected),
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
}

/// Handles an event.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    let service = match admit(app, headers) {
        Ok(service) => service,
        Err(err) => {
            warn!("event of Azure Pipelines rejected: {err}");
            let status = match err {
                EventError::NotServed | EventError::NotAuthentic(_) => StatusCode::UNAUTHORIZED,
                EventError::Source(_) => StatusCode::FORBIDDEN,
            };
            return Response::error(status, err);
        }
    };
    match read_body(body, MAX_BODY_BYTES).await {
        Ok(body) => receive(app, service, &body).await,
        Err(BodyError::TooLarge) => dropped(format!("it is larger than {MAX_BODY_BYTES} bytes")),
        Err(BodyError::Broken) => Response::later("the body ended early", None),
    }
}

/// Checks where the event comes from, and that a subscription of this deployment has sent it.
fn admit<'a>(app: &'a App, headers: &HeaderMap) -> Result<&'a PipelinesService, EventError> {
    let service = app.pipelines.as_ref().ok_or(EventError::NotServed)?;
    let settings = &service.settings;
    admit_event(&settings.hook_ranges, header_str(headers, "x-forwarded-for"))?;
    let secrets = HookSecrets {
        password: settings.hook_password.as_ref(),
        header: settings.hook_header.as_ref(),
    };
    let given = Presented {
        authorization: header_str(headers, "authorization"),
        secret: header_str(headers, SECRET_HEADER),
    };
    authenticate(secrets, given)?;
    Ok(service)
}

async fn receive(app: &App, service: &PipelinesService, body: &[u8]) -> Response {
    let (run, state) = match parse(body) {
        Event::Job { run, state } => (run, state),
        Event::Ignored(reason) => {
            info!("event of Azure Pipelines ignored: {reason}");
            let body = json!({ "decision": "ignored", "reason": reason });
            return Response::json(StatusCode::OK, &body);
        }
    };
    Span::current().record("job.id", display(run));
    let event = PipelinesEvent { run, received_at: app.clock.now() };
    match app.queue.put(&Message::Pipelines(event), Duration::ZERO).await {
        Ok(()) => {
            service.runs.queue_works();
            info!("a job of run {run} is {state}: the agent pools are read");
            Response::json(StatusCode::ACCEPTED, &json!({ "decision": "accepted", "run": run }))
        }
        Err(err) => not_queued(app, service, &err),
    }
}

/// Has the event delivered again, as long as that does not put the subscription on probation.
fn not_queued(app: &App, service: &PipelinesService, err: &QueueError) -> Response {
    let (since, now) = (service.runs.queue_fails(app.clock.now()), app.clock.now());
    let reason = ErrorChain(err).to_string();
    if is_retried(since, now) {
        error!("failed to queue an event of Azure Pipelines, which is sent again: {reason}");
        return Response::later("failed to queue the event; send it again", None);
    }
    dropped(reason)
}

/// Drops an event: ReconcileRunners reads the pools as well.
fn dropped(reason: String) -> Response {
    error!(
        alarm = "delivery",
        "an event of Azure Pipelines is dropped, and its job is found by ReconcileRunners: {reason}"
    );
    let body = json!({ "decision": "dropped", "reason": reason });
    Response::json(StatusCode::ACCEPTED, &body)
}
