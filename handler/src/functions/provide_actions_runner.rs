//! ProvideActionsRunner: takes a webhook delivery, and asks for a runner where a job waits for one.
//!
//! Neither GitHub nor Batch is called here: GitHub waits ten seconds, and never delivers again by itself.

use std::time::Duration;

use serde_json::json;
use tracing::{error, info, warn};
use warp::http::{HeaderMap, StatusCode};

use super::{Answer, App, Body, Unread, read_body, text};
use crate::admission::{Decision, decide};
use crate::causes::Chain;
use crate::firewall::{Audience, Refused};
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
pub(super) async fn answer(app: &App, headers: &HeaderMap, body: &mut Body) -> Answer {
    let delivery = text(headers, "x-github-delivery").unwrap_or("-");
    match take(app, headers, body).await {
        Ok(Decision::Accept(request)) => accepted(app, delivery, &request),
        Ok(Decision::Note(message)) => noted(delivery, &message),
        Ok(Decision::Ignore(reason)) => {
            info!(function = "ProvideActionsRunner", delivery, reason, "ignored");
            Answer::json(StatusCode::OK, &json!({ "decision": "ignored", "reason": reason }))
        }
        Err(refusal) => {
            log(delivery, &refusal);
            Answer::error(refusal.status(), &refusal)
        }
    }
}

async fn take(app: &App, headers: &HeaderMap, body: &mut Body) -> Result<Decision, Refusal> {
    app.firewall.admit(Audience::Github, text(headers, "x-forwarded-for")).await?;
    let body = read_body(body, BODY_LIMIT).await.map_err(|unread| match unread {
        Unread::TooLarge => Refusal::TooLarge,
        Unread::Broken => Refusal::Broken,
    })?;
    let signature = text(headers, "x-hub-signature-256");
    let delivery = verify(&app.webhook.secret, signature, &body)?;
    let event = text(headers, "x-github-event").ok_or(Refusal::NoEvent)?;
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

fn accepted(app: &App, delivery: &str, request: &RunnerRequest) -> Answer {
    let task = app.runners.deployment.task(request.job, request.replacement).to_string();
    let RunnerRequest { job, repository, profile, .. } = request;
    info!(function = "ProvideActionsRunner", delivery, job.id = job, repo = %repository, profile, "accepted");
    let body = json!({ "decision": "accepted", "task": task, "profile": profile });
    Answer::json(StatusCode::ACCEPTED, &body)
}

fn noted(delivery: &str, message: &Message) -> Answer {
    let why = match message {
        Message::Taken(taken) => format!("runner {} was made for another job", taken.runner),
        _ => "the job ended without a runner".to_owned(),
    };
    info!(function = "ProvideActionsRunner", delivery, why, "noted");
    Answer::json(StatusCode::ACCEPTED, &json!({ "decision": "noted", "reason": why }))
}

fn log(delivery: &str, refusal: &Refusal) {
    let function = "ProvideActionsRunner";
    match refusal {
        Refusal::Queue(err) => {
            error!(function, delivery, "failed to queue a runner: {}", Chain(err))
        }
        refusal => warn!(function, delivery, "refused: {refusal}"),
    }
}
