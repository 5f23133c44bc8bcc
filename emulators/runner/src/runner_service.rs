//! The client of GitHub's runner service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use ring::rsa::KeyPair;
use serde_json::{Value, json};

use emulator_core::clock::Clock;
use emulator_core::service::Response;
use emulator_core::transport::Transport;

use crate::home::VERSION;
use crate::messages::{Envelope, Report};
use crate::service_error::{ServiceError, check};
use crate::signing_key;

/// The lifetime of a JWT that requests an access token, in seconds.
const JWT_TTL: i64 = 300;

/// The number of attempts to report the end of a job.
const MAX_REPORTS: u32 = 30;
/// The delay after the first failed report.
const FIRST_REPORT_RETRY_DELAY: Duration = Duration::from_secs(1);
/// The delay after each further failed report; the real runner was observed to take 286 s for all attempts.
const REPORT_RETRY_DELAY: Duration = Duration::from_millis(10_200);

/// The runner service, as one runner calls it.
pub(crate) struct RunnerService {
    transport: Transport,
    url: String,
    version: String,
    credentials: Option<Credentials>,
    token: Mutex<Option<String>>,
}

/// The credentials with which a runner requests access tokens.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) authorization_url: String,
    pub(crate) key: KeyPair,
}

impl RunnerService {
    pub(crate) fn new(transport: &Transport, url: &str, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..Self::with_token(transport, url, None) }
    }

    /// Makes a client without credentials: a Worker gets its access token with the job.
    pub(crate) fn with_token(transport: &Transport, url: &str, token: Option<String>) -> Self {
        Self {
            transport: Arc::clone(transport),
            url: url.trim_end_matches('/').to_owned(),
            version: VERSION.to_owned(),
            credentials: None,
            token: Mutex::new(token),
        }
    }

    pub(crate) fn with_version(self, version: String) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn current_token(&self) -> Option<String> {
        self.token.lock().expect("no holder of this lock can panic").clone()
    }

    /// Requests registration once; the response may be a rejection.
    pub(crate) async fn register(
        &self,
        token: &str,
        body: &Value,
    ) -> Result<Response, ServiceError> {
        let url = format!("{}/runners", self.url);
        self.send(&format!("RemoteAuth {token}"), Method::POST, &url, json_body(body)).await
    }

    pub(crate) async fn open_session(&self) -> Result<String, ServiceError> {
        let body = json!({ "version": self.version, "os": "Linux" });
        let response = self.call(Method::POST, "sessions", Some(&body)).await?;
        let session = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
        session["session"].as_str().map(str::to_owned).ok_or(ServiceError::NoResponse)
    }

    /// Waits for the message after number `after`; `None` if none came until the poll ended.
    pub(crate) async fn next_message(
        &self,
        session: &str,
        after: u64,
    ) -> Result<Option<Envelope>, ServiceError> {
        let path = format!("sessions/{session}/message?after={after}&version={}", self.version);
        let response = self.call(Method::GET, &path, None).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        serde_json::from_slice(response.body()).map(Some).map_err(|_| ServiceError::NoResponse)
    }

    pub(crate) async fn acknowledge(&self, job: u64) -> Result<(), ServiceError> {
        let path = format!("jobs/{job}/acknowledgement");
        self.call(Method::POST, &path, None).await.map(|_| ())
    }

    /// Accepts a job and returns the job message.
    pub(crate) async fn accept(&self, job: u64) -> Result<Value, ServiceError> {
        let response = self.call(Method::POST, &format!("jobs/{job}/acceptance"), None).await?;
        serde_json::from_slice(response.body()).map_err(|_| ServiceError::NoResponse)
    }

    pub(crate) async fn renew(&self, job: u64) -> Result<(), ServiceError> {
        self.call(Method::POST, &format!("jobs/{job}/renewal"), None).await.map(|_| ())
    }

    pub(crate) async fn complete(&self, job: u64, report: &Report) -> Result<(), ServiceError> {
        let body = json!({
            "conclusion": report.conclusion,
            "steps": report.steps,
            "annotations": report.annotations,
        });
        self.call(Method::POST, &format!("jobs/{job}/completion"), Some(&body)).await.map(|_| ())
    }

    /// Reports the end of a job; retries for five minutes, like the real runner.
    pub(crate) async fn report(&self, job: u64, report: &Report) {
        for attempt in 1..=MAX_REPORTS {
            match self.complete(job, report).await {
                Err(error) if error.is_transient() && attempt < MAX_REPORTS => {
                    let is_first = attempt == 1;
                    let delay =
                        if is_first { FIRST_REPORT_RETRY_DELAY } else { REPORT_RETRY_DELAY };
                    tokio::time::sleep(delay).await;
                }
                _ => return,
            }
        }
    }

    pub(crate) async fn close_session(&self, session: &str) -> Result<(), ServiceError> {
        self.call(Method::DELETE, &format!("sessions/{session}"), None).await.map(|_| ())
    }

    /// Calls the service with an access token, and once more with a new one if the token is rejected.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, ServiceError> {
        let url = format!("{}/{path}", self.url);
        let body = body.map_or_else(Bytes::new, json_body);
        let (token, is_new) = self.access_token().await?;
        let bearer = |token: String| format!("Bearer {token}");
        let response = self.send(&bearer(token), method.clone(), &url, body.clone()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || is_new || self.credentials.is_none() {
            return check(response);
        }
        *self.token.lock().expect("no holder of this lock can panic") = None;
        let (token, _) = self.access_token().await?;
        check(self.send(&bearer(token), method, &url, body).await?)
    }

    /// Returns the access token, and whether it was just issued.
    async fn access_token(&self) -> Result<(String, bool), ServiceError> {
        if let Some(token) = self.current_token() {
            return Ok((token, false));
        }
        let credentials = self.credentials.as_ref().ok_or(ServiceError::InvalidClient)?;
        let form = credentials.token_request();
        let url = &credentials.authorization_url;
        let response = self.send("", Method::POST, url, form.into()).await?;
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if body["error"] == "invalid_client" {
            return Err(ServiceError::InvalidClient);
        }
        let token = body["access_token"].as_str().ok_or(ServiceError::Status(response.status()))?;
        *self.token.lock().expect("no holder of this lock can panic") = Some(token.to_owned());
        Ok((token.to_owned(), true))
    }

    async fn send(
        &self,
        authorization: &str,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> Result<Response, ServiceError> {
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
        let request = request.body(body).map_err(|_| ServiceError::NoResponse)?;
        (self.transport)(request).await.map_err(|_| ServiceError::NoResponse)
    }
}

impl Credentials {
    /// Writes the form that requests an access token with a signed JWT.
    fn token_request(&self) -> String {
        let now = Clock::of_this_machine().now().timestamp();
        let claims = json!({
            "sub": self.client_id,
            "iss": self.client_id,
            "aud": self.authorization_url,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now,
            "exp": now + JWT_TTL,
        });
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &signing_key::sign(&self.key, &claims))
            .finish()
    }
}

fn json_body(body: &Value) -> Bytes {
    Bytes::from(body.to_string())
}
