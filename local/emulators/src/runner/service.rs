//! Speaks to the runner service.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::Conclusion;
use crate::github::wire::Wire;
use crate::service::Response;

use super::{PAUSE, VERSION};

/// How often it tries to register.
const REGISTRATIONS: u32 = 3;

/// The service, as one runner sees it.
pub(super) struct Service {
    wire: Wire,
    url: String,
    secret: String,
}

/// Why the service did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refused {
    /// It does not know the runner or its session any more.
    Gone,
    /// It has another session of the runner, or gave the job to another one.
    Conflict,
    /// It refuses the runner's version.
    Deprecated,
    /// It did not answer, or cannot answer now.
    Unavailable,
}

/// What the service has to say.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) number: u64,
    pub(super) message: Message,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(super) enum Message {
    Job { job: u64 },
    Cancel { job: u64 },
}

/// What a runner must know to work on a job.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) job: u64,
    pub(super) name: String,
    pub(super) directory: String,
    pub(super) runs_for_ms: u64,
    pub(super) set_up_fails: bool,
    #[expect(dead_code, reason = "the next commit runs them")]
    pub(super) pre: Option<String>,
    pub(super) script: Option<String>,
    #[expect(dead_code, reason = "the next commit runs them")]
    pub(super) always: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
}

impl Service {
    pub(super) fn new(wire: &Wire, url: &str, secret: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { wire: Arc::clone(wire), url, secret: secret.to_owned() }
    }

    /// Registers with a token, and gives the configuration's files; or tells a person why not.
    pub(super) async fn register(&self, order: &Value) -> Result<BTreeMap<String, String>, String> {
        let mut reason = String::new();
        for _ in 0..REGISTRATIONS {
            match self.exchange("RemoteAuth", Method::POST, "runners", Some(order)).await {
                Ok(answer) if answer.status().is_success() => {
                    return serde_json::from_slice(answer.body()).map_err(|err| err.to_string());
                }
                Ok(answer) => {
                    let text = String::from_utf8_lossy(answer.body());
                    reason = format!("Http response code: {}\n{text}", answer.status());
                    if answer.status().is_client_error() {
                        break;
                    }
                }
                Err(_) => reason = "The service does not answer.".to_owned(),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(reason)
    }

    pub(super) async fn open_session(&self) -> Result<String, Refused> {
        let body = json!({ "version": VERSION, "os": "Linux" });
        let answer = self.ask(Method::POST, "sessions", Some(&body)).await?;
        let session = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        session["session"].as_str().map(str::to_owned).ok_or(Refused::Unavailable)
    }

    /// Waits for a message; `None` where there was none for a while.
    pub(super) async fn next_message(
        &self,
        session: &str,
        after: u64,
    ) -> Result<Option<Envelope>, Refused> {
        let path = format!("sessions/{session}/message?after={after}");
        let answer = self.ask(Method::GET, &path, None).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        serde_json::from_slice(answer.body()).map(Some).map_err(|_| Refused::Unavailable)
    }

    pub(super) async fn accept(&self, job: u64) -> Result<Order, Refused> {
        let answer = self.ask(Method::POST, &format!("jobs/{job}/acceptance"), None).await?;
        serde_json::from_slice(answer.body()).map_err(|_| Refused::Unavailable)
    }

    pub(super) async fn complete(&self, job: u64, conclusion: Conclusion) -> Result<(), Refused> {
        let body = json!({ "conclusion": conclusion });
        self.ask(Method::POST, &format!("jobs/{job}/completion"), Some(&body)).await.map(|_| ())
    }

    pub(super) async fn close_session(&self, session: &str) -> Result<(), Refused> {
        self.ask(Method::DELETE, &format!("sessions/{session}"), None).await.map(|_| ())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Refused> {
        let response = self.exchange("Bearer", method, path, body).await?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => Err(Refused::Gone),
            StatusCode::CONFLICT => Err(Refused::Conflict),
            StatusCode::FORBIDDEN => Err(Refused::Deprecated),
            _ => Err(Refused::Unavailable),
        }
    }

    async fn exchange(
        &self,
        scheme: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Refused> {
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.url))
            .header(header::AUTHORIZATION, format!("{scheme} {}", self.secret))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, format!("GitHubActionsRunner-linux/{VERSION}"))
            .body(body)
            .map_err(|_| Refused::Unavailable)?;
        (self.wire)(request).await.map_err(|_| Refused::Unavailable)
    }
}
