//! ProvideActionsRunner: takes a webhook delivery, and asks for a runner where a job waits for one.
//!
//! Neither GitHub nor Batch is called here: GitHub waits ten seconds, and never delivers again by itself.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::json;
use tracing::{error, info, warn};

use crate::admission::{Decision, decide};
use crate::app::App;
use crate::error_chain::ErrorChain;
use crate::firewall::{Audience, Refused};
use crate::http::{Body, BodyError, Response, header_str, read_body};
use crate::message::{Message, RunnerRequest};
use crate::repository::NotARepository;
use crate::storage::QueueError;
use crate::webhook::{BODY_LIMIT, BadPayload, BadSignature, verify};

/// Why a delivery is turned away.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Source(#[from] Refused),
    #[error("the body is larger than {BODY_LIMIT} bytes")]
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
    #[error("the request could not be made durable; the delivery can be sent again")]
    Queue(#[source] QueueError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
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

/// Answers a delivery.
pub(crate) async fn handle(app: &App, headers: &HeaderMap, body: &mut Body) -> Response {
    let delivery = header_str(headers, "x-github-delivery").unwrap_or("-");
    match take(app, headers, body).await {
        Ok(Decision::Accept(request)) => accepted(app, delivery, &request),
        Ok(Decision::Note(message)) => noted(delivery, &message),
        Ok(Decision::Ignore(reason)) => {
            info!(delivery, reason, "ignored");
            Response::json(StatusCode::OK, &json!({ "decision": "ignored", "reason": reason }))
        }
        Err(refusal) => {
            log(delivery, &refusal);
            Response::error(refusal.status(), &refusal)
        }
    }
}

async fn take(app: &App, headers: &HeaderMap, body: &mut Body) -> Result<Decision, Refusal> {
    app.firewall.admit(Audience::Github, header_str(headers, "x-forwarded-for")).await?;
    let body = read_body(body, BODY_LIMIT).await.map_err(|unread| match unread {
        BodyError::TooLarge => Refusal::TooLarge,
        BodyError::Broken => Refusal::Broken,
    })?;
    let signature = header_str(headers, "x-hub-signature-256");
    let delivery = verify(&app.webhook.secret, signature, &body)?;
    let event = header_str(headers, "x-github-event").ok_or(Refusal::NoEvent)?;
    let event = delivery.read(event)?;
    let decision = decide(&event, &app.webhook.policy, &app.runners.deployment, app.clock.now())?;
    let message = match &decision {
        Decision::Accept(request) => Message::Request(request.clone()),
        Decision::Note(message) => message.clone(),
        Decision::Ignore(_) => return Ok(decision),
    };
    app.queue.put(&message, Duration::ZERO).await.map_err(Refusal::Queue)?;
    Ok(decision)
}

fn accepted(app: &App, delivery: &str, request: &RunnerRequest) -> Response {
    let task = app.runners.deployment.task(request.job, request.replacement).to_string();
    let RunnerRequest { job, repository, profile, .. } = request;
    info!(delivery, job.id = job, repo = %repository, profile, "accepted");
    let body = json!({ "decision": "accepted", "task": task, "profile": profile });
    Response::json(StatusCode::ACCEPTED, &body)
}

fn noted(delivery: &str, message: &Message) -> Response {
    let why = match message {
        Message::Reassigned(taken) => format!("runner {} was made for another job", taken.runner),
        _ => "the job ended without a runner".to_owned(),
    };
    info!(delivery, why, "noted");
    Response::json(StatusCode::ACCEPTED, &json!({ "decision": "noted", "reason": why }))
}

fn log(delivery: &str, refusal: &Refusal) {
    match refusal {
        Refusal::Queue(err) => {
            error!(delivery, "failed to queue a runner: {}", ErrorChain(err))
        }
        refusal => warn!(delivery, "refused: {refusal}"),
    }
}
