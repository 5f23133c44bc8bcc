//! Speaks to the runner service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use ring::rsa::KeyPair;
use serde::Deserialize;
use serde_json::{Value, json};

use emulator_core::clock::Clock;
use emulator_core::service::Response;
use emulator_core::transport::Transport;
use github_emulator::Conclusion;
use github_emulator::Step;

use super::rejected::{Rejected, judged};
use super::{VERSION, key};

/// How long an access token is asked for.
const TOKEN_LIFE: i64 = 300;

/// The service, as one runner sees it.
pub(super) struct Service {
    transport: Transport,
    url: String,
    version: String,
    credentials: Option<Credentials>,
    token: Mutex<Option<String>>,
}

/// What a runner gets its access tokens with.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) authorization_url: String,
    pub(super) key: KeyPair,
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
    Refresh { version: [u32; 3] },
}

/// What a runner must know to work on a job.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) job: u64,
    pub(super) directory: String,
    pub(super) runs_for_ms: u64,
    pub(super) set_up_fails: bool,
    pub(super) pre: Option<String>,
    pub(super) script: Option<String>,
    pub(super) always: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// How a job ended.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) conclusion: Conclusion,
    pub(super) steps: Vec<Step>,
    pub(super) annotations: Vec<String>,
}

impl Report {
    /// Reports the failure of a job of which nothing else is known.
    pub(super) fn failure() -> Self {
        Self { conclusion: Conclusion::Failure, steps: Vec::new(), annotations: Vec::new() }
    }
}

impl Service {
    pub(super) fn new(transport: &Transport, url: &str, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..Self::with_token(transport, url, None) }
    }

    /// Makes the service of a Worker, which gets its access token with the job.
    pub(super) fn with_token(transport: &Transport, url: &str, token: Option<String>) -> Self {
        Self {
            transport: Arc::clone(transport),
            url: url.trim_end_matches('/').to_owned(),
            version: VERSION.to_owned(),
            credentials: None,
            token: Mutex::new(token),
        }
    }

    pub(super) fn of_version(self, version: String) -> Self {
        Self { version, ..self }
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn known_token(&self) -> Option<String> {
        self.token.lock().expect("no holder of this lock can panic").clone()
    }

    /// Asks once to register the runner; the answer may be a refusal.
    pub(super) async fn register(&self, token: &str, order: &Value) -> Result<Response, Rejected> {
        let url = format!("{}/runners", self.url);
        self.exchange(&format!("RemoteAuth {token}"), Method::POST, &url, json_body(order)).await
    }

    pub(super) async fn open_session(&self) -> Result<String, Rejected> {
        let body = json!({ "version": self.version, "os": "Linux" });
        let answer = self.ask(Method::POST, "sessions", Some(&body)).await?;
        let session = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        session["session"].as_str().map(str::to_owned).ok_or(Rejected::NoAnswer)
    }

    /// Waits for a message; `None` where there was none for a while.
    pub(super) async fn next_message(
        &self,
        session: &str,
        after: u64,
    ) -> Result<Option<Envelope>, Rejected> {
        let path = format!("sessions/{session}/message?after={after}&version={}", self.version);
        let answer = self.ask(Method::GET, &path, None).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        serde_json::from_slice(answer.body()).map(Some).map_err(|_| Rejected::NoAnswer)
    }

    pub(super) async fn acknowledge(&self, job: u64) -> Result<(), Rejected> {
        let path = format!("jobs/{job}/acknowledgement");
        self.ask(Method::POST, &path, None).await.map(|_| ())
    }

    /// Takes a job; the answer is what the Worker gets.
    pub(super) async fn accept(&self, job: u64) -> Result<Value, Rejected> {
        let answer = self.ask(Method::POST, &format!("jobs/{job}/acceptance"), None).await?;
        serde_json::from_slice(answer.body()).map_err(|_| Rejected::NoAnswer)
    }

    pub(super) async fn renew(&self, job: u64) -> Result<(), Rejected> {
        self.ask(Method::POST, &format!("jobs/{job}/renewal"), None).await.map(|_| ())
    }

    pub(super) async fn complete(&self, job: u64, report: &Report) -> Result<(), Rejected> {
        let body = json!({
            "conclusion": report.conclusion,
            "steps": report.steps,
            "annotations": report.annotations,
        });
        self.ask(Method::POST, &format!("jobs/{job}/completion"), Some(&body)).await.map(|_| ())
    }

    pub(super) async fn close_session(&self, session: &str) -> Result<(), Rejected> {
        self.ask(Method::DELETE, &format!("sessions/{session}"), None).await.map(|_| ())
    }

    /// Asks with an access token, and once more with a new one where that is not taken.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Rejected> {
        let url = format!("{}/{path}", self.url);
        let body = body.map_or_else(Bytes::new, json_body);
        let (token, is_new) = self.access_token().await?;
        let bearer = |token: String| format!("Bearer {token}");
        let answer = self.exchange(&bearer(token), method.clone(), &url, body.clone()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || is_new || self.credentials.is_none() {
            return judged(answer);
        }
        *self.token.lock().expect("no holder of this lock can panic") = None;
        let (token, _) = self.access_token().await?;
        judged(self.exchange(&bearer(token), method, &url, body).await?)
    }

    /// Returns the access token, and whether it was issued just now.
    async fn access_token(&self) -> Result<(String, bool), Rejected> {
        if let Some(token) = self.known_token() {
            return Ok((token, false));
        }
        let credentials = self.credentials.as_ref().ok_or(Rejected::InvalidClient)?;
        let now = Clock::of_this_machine().now().timestamp();
        let claims = json!({
            "sub": credentials.client_id,
            "iss": credentials.client_id,
            "aud": credentials.authorization_url,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now,
            "exp": now + TOKEN_LIFE,
        });
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &key::sign(&credentials.key, &claims))
            .finish();
        let url = &credentials.authorization_url;
        let answer = self.exchange("", Method::POST, url, form.into()).await?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if body["error"] == "invalid_client" {
            return Err(Rejected::InvalidClient);
        }
        let token = body["access_token"].as_str().ok_or(Rejected::Status(answer.status()))?;
        *self.token.lock().expect("no holder of this lock can panic") = Some(token.to_owned());
        Ok((token.to_owned(), true))
    }

    async fn exchange(
        &self,
        authorization: &str,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> Result<Response, Rejected> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(header::USER_AGENT, format!("GitHubActionsRunner-linux/{}", self.version));
        if authorization.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        } else {
            request = request
                .header(header::AUTHORIZATION, authorization)
                .header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body).map_err(|_| Rejected::NoAnswer)?;
        (self.transport)(request).await.map_err(|_| Rejected::NoAnswer)
    }
}

fn json_body(body: &Value) -> Bytes {
    Bytes::from(body.to_string())
}
