//! ProvideAzDOAgent: receives the call of a task without an agent, has the agent pools read, and completes the task.
//!
//! The host checks the function key. The agent comes for the job request that then waits, as after an event; the job that
//! needs it is usually queued only when this task has completed, so that the pools are read again a little later. The token of
//! the caller's job is not stored: the task is completed before the call is answered.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::json;
use tracing::{info, warn};

use crate::app::{App, PipelinesService};
use crate::error_chain::ErrorChain;
use crate::firewall::{Rejected, admit_event};
use crate::http::{Body, BodyError, Response, header_str, read_body};
use crate::message::{Message, PipelinesEvent};
use crate::pipelines::PipelinesError;
use crate::pipelines::call::{AgentCall, BadCall};
use crate::pipelines::callback::Callback;
use crate::pipelines::hook::MAX_BODY_BYTES;
use crate::storage::QueueError;

/// When the agent pools are read after a call. A job that depends on the task is queued seconds after its completion.
const READ_AFTER: [Duration; 3] =
    [Duration::ZERO, Duration::from_secs(15), Duration::from_secs(45)];

/// Why a call is rejected.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("this deployment serves no agent pools: its setting AzureDevOpsUrl is not set")]
    NotServed,
    #[error(transparent)]
    Source(#[from] Rejected),
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the body ended early")]
    Broken,
    #[error(transparent)]
    Bad(#[from] BadCall),
    #[error("failed to queue the call; repeat it")]
    Queue(#[from] QueueError),
    #[error("{0}; repeat the call")]
    Callback(PipelinesError),
}

impl CallError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotServed => StatusCode::NOT_FOUND,
            Self::Broken | Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Source(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Queue(_) | Self::Callback(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Handles a call.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    match receive(app, headers, body).await {
        Ok(response) => response,
        Err(err) => {
            warn!("call of Azure Pipelines rejected: {}", ErrorChain(&err));
            Response::error(err.status(), err)
        }
    }
}

async fn receive(app: &App, headers: &HeaderMap, body: &mut Body) -> Result<Response, CallError> {
    let service = app.pipelines.as_ref().ok_or(CallError::NotServed)?;
    admit_event(&service.settings.hook_ranges, header_str(headers, "x-forwarded-for"))?;
    let body = read_body(body, MAX_BODY_BYTES).await.map_err(|err| match err {
        BodyError::TooLarge => CallError::TooLarge,
        BodyError::Broken => CallError::Broken,
    })?;
    let profile = &AgentCall::parse(&body)?.profile(&service.settings.profiles)?.name;
    let organization = &service.settings.organization;
    let callback = Callback::read(|name| header_str(headers, name), organization)?;
    for delay in READ_AFTER {
        let event = PipelinesEvent { run: 0, received_at: app.clock.now() + delay };
        app.queue.put(&Message::Pipelines(event), delay).await?;
    }
    info!("a pipeline calls for an agent of profile {profile}: the agent pools are read");
    let completed = match callback {
        Some(callback) => complete(service, &callback).await?,
        None => false,
    };
    let answer = json!({ "decision": "accepted", "profile": profile, "completed": completed });
    Ok(Response::json(StatusCode::ACCEPTED, &answer))
}

/// Completes the task; returns false if it does not wait for that, since its completion is the answer of the call.
async fn complete(service: &PipelinesService, callback: &Callback) -> Result<bool, CallError> {
    let task = &callback.task;
    match service.client.complete_task(callback).await {
        Ok(()) => {
            info!("task {task} completed");
            Ok(true)
        }
        Err(err @ PipelinesError::Unavailable { .. }) => Err(CallError::Callback(err)),
        Err(err) => {
            warn!(
                "task {task} is not completed, which is right with completion ApiResponse: {err}"
            );
            Ok(false)
        }
    }
}
