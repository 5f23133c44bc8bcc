//! ProvideActionsRunner: receives a webhook delivery, and requests a runner if a job waits for one.
//!
//! It calls neither GitHub nor Batch: GitHub waits ten seconds for the response, and never redelivers on its own.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::json;
use tracing::field::display;
use tracing::{Span, error, info, warn};

use crate::admission::{Decision, decide};
use crate::app::App;
use crate::error_chain::ErrorChain;
use crate::firewall::{Audience, Rejected};
use crate::http::{Body, BodyError, Response, header_str, read_body};
use crate::json::shortened;
use crate::message::{Message, RunnerRequest};
use crate::repository::NotARepository;
use crate::storage::QueueError;
use crate::webhook::{BadPayload, BadSignature, MAX_BODY_BYTES, verify};

/// Why a delivery is rejected.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(
        "this deployment accepts no webhooks: its setting Demand is polling; delete the webhook"
    )]
    NoWebhooks,
    #[error(transparent)]
    Source(#[from] Rejected),
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the body ended early")]
    Broken,
    #[error(transparent)]
    Signature(#[from] BadSignature),
    #[error("header X-GitHub-Event is missing")]
    NoEvent,
    #[error(transparent)]
    Payload(#[from] BadPayload),
    #[error("repository.full_name: {0}")]
    Repository(#[from] NotARepository),
    #[error("failed to queue the request; redeliver the event")]
    Queue(#[source] QueueError),
}

impl DeliveryError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoWebhooks => StatusCode::NOT_FOUND,
            Self::Source(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::Broken | Self::NoEvent | Self::Payload(_) | Self::Repository(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Queue(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Handles a delivery.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    // The log gets this header before the signature is verified.
    let delivery = &shortened(header_str(headers, "x-github-delivery").unwrap_or("-"));
    Span::current().record("delivery", delivery);
    match receive(app, headers, body).await {
        Ok(Decision::Accept(request)) => accepted(app, &request),
        Ok(Decision::Record(message)) => recorded(&message),
        Ok(Decision::Ignore(reason)) => {
            info!("delivery {delivery} ignored: {reason}");
            Response::json(StatusCode::OK, &json!({ "decision": "ignored", "reason": reason }))
        }
        Err(err) => {
            log(delivery, &err);
            Response::error(err.status(), &err)
        }
    }
}

/// Checks a delivery, decides what to do, and enqueues the message that results.
async fn receive(
    app: &App,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Decision, DeliveryError> {
    let secret = app.webhook.secret.as_ref().ok_or(DeliveryError::NoWebhooks)?;
    app.firewall.admit(Audience::Github, header_str(headers, "x-forwarded-for")).await?;
    let body = read_body(body, MAX_BODY_BYTES).await.map_err(|err| match err {
        BodyError::TooLarge => DeliveryError::TooLarge,
        BodyError::Broken => DeliveryError::Broken,
    })?;
    let signature = header_str(headers, "x-hub-signature-256");
    let delivery = verify(secret, signature, &body)?;
    let event = header_str(headers, "x-github-event").ok_or(DeliveryError::NoEvent)?;
    let event = delivery.parse(event)?;
    let (policy, deployment) = (&app.webhook.policy, &app.runners.deployment);
    let decision = decide(&event, policy, &app.scope, deployment, app.clock.now())?;
    let message = match &decision {
        Decision::Accept(request) => Message::Request(request.clone()),
        Decision::Record(message) => message.clone(),
        Decision::Ignore(_) => return Ok(decision),
    };
    app.queue.put(&message, Duration::ZERO).await.map_err(DeliveryError::Queue)?;
    Ok(decision)
}

fn accepted(app: &App, request: &RunnerRequest) -> Response {
    let task = app.runners.deployment.task(request.job, request.replacement).to_string();
    let RunnerRequest { job, repository, profile, .. } = request;
    let span = Span::current();
    span.record("job.id", job);
    span.record("task.id", &task);
    span.record("repo", display(repository));
    info!(profile, "job {job} accepted: task {task} requested on {profile}");
    let body = json!({ "decision": "accepted", "task": task, "profile": profile });
    Response::json(StatusCode::ACCEPTED, &body)
}

fn recorded(message: &Message) -> Response {
    let job = message.job();
    Span::current().record("job.id", job);
    let reason = match message {
        Message::Reassigned(event) => {
            format!("runner {} was created for another job", event.runner)
        }
        _ => "the job ended without a runner".to_owned(),
    };
    info!("event of job {job} recorded: {reason}");
    Response::json(StatusCode::ACCEPTED, &json!({ "decision": "recorded", "reason": reason }))
}

fn log(delivery: &str, err: &DeliveryError) {
    match err {
        DeliveryError::Queue(err) => {
            error!("failed to queue the message of delivery {delivery}: {}", ErrorChain(err));
        }
        err => warn!("delivery {delivery} rejected: {err}"),
    }
}
