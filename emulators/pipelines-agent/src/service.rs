//! The client of the service, as one agent calls it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::DateTime;
use http::{Method, header};
use serde_json::{Value, json};

use emulator_core::clock::Clock;
use emulator_core::transport::Transport;

use crate::configuration::Configuration;
use crate::messages::{Envelope, JobMessage};
use crate::service_error::{ServiceError, check};
use crate::signing_key;

/// The lifetime of an assertion, in seconds.
const ASSERTION_TTL: i64 = 300;
const NO_LOCK: &str = "00000000-0000-0000-0000-000000000000";
/// The version that the agent's client requests.
const ACCEPT: &str = "application/json; api-version=5.1-preview.1";

/// The service, as one agent calls it.
pub(crate) struct PipelinesService {
    transport: Transport,
    clock: Clock,
    configuration: Arc<Configuration>,
    token: Mutex<Option<String>>,
}

impl PipelinesService {
    pub(crate) fn new(
        transport: &Transport,
        clock: &Clock,
        configuration: &Arc<Configuration>,
    ) -> Self {
        Self {
            transport: Arc::clone(transport),
            clock: clock.clone(),
            configuration: Arc::clone(configuration),
            token: Mutex::default(),
        }
    }

    /// Creates a session; returns its id.
    pub(crate) async fn create_session(
        &self,
        version: &str,
        capabilities: &BTreeMap<String, String>,
    ) -> Result<String, ServiceError> {
        let settings = &self.configuration.settings;
        let body = json!({
            "sessionId": NO_LOCK,
            "ownerName": "EMULATED-HOST",
            "agent": {
                "id": settings.agent_id,
                "name": settings.agent_name,
                "version": version,
                "osDescription": "Linux (emulated)",
            },
            "systemCapabilities": capabilities,
        });
        let answer = self.call(Method::POST, "sessions", &body).await?;
        Ok(answer["sessionId"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn delete_session(&self, session: &str) -> Result<(), ServiceError> {
        let path = format!("sessions/{session}");
        self.call(Method::DELETE, &path, &Value::Null).await.map(drop)
    }

    /// Polls for the message after the last one.
    pub(crate) async fn next_message(
        &self,
        session: &str,
        last: Option<u64>,
    ) -> Result<Option<Envelope>, ServiceError> {
        let last = last.map(|id| format!("&lastMessageId={id}")).unwrap_or_default();
        let path = format!("messages?sessionId={session}{last}");
        let answer = self.call(Method::GET, &path, &Value::Null).await?;
        Ok(Envelope::read(&answer))
    }

    pub(crate) async fn delete_message(&self, session: &str, id: u64) -> Result<(), ServiceError> {
        let path = format!("messages/{id}?sessionId={session}");
        self.call(Method::DELETE, &path, &Value::Null).await.map(drop)
    }

    /// Renews the lock of a job; returns when it ends.
    pub(crate) async fn renew(
        &self,
        request: u64,
    ) -> Result<Option<DateTime<chrono::Utc>>, ServiceError> {
        let path = format!("jobrequests/{request}?lockToken={NO_LOCK}");
        let answer = self.call(Method::PATCH, &path, &json!({ "requestId": request })).await?;
        Ok(answer["lockedUntil"].as_str().and_then(|text| text.parse().ok()))
    }

    /// Reports the result of a job of an older plan: from the listener.
    pub(crate) async fn finish(&self, request: u64, result: &str) -> Result<(), ServiceError> {
        let finished = self.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let body = json!({ "requestId": request, "finishTime": finished, "result": result });
        let path = format!("jobrequests/{request}?lockToken={NO_LOCK}");
        self.call(Method::PATCH, &path, &body).await.map(drop)
    }

    /// Reports the result of a job: from the worker, with the job's own token.
    pub(crate) async fn complete(
        &self,
        job: &JobMessage,
        result: &str,
        announces_end: bool,
    ) -> Result<(), ServiceError> {
        let mut body = json!({
            "name": "JobCompleted",
            "jobId": job.job_id,
            "requestId": job.request,
            "result": result,
        });
        if announces_end {
            body["agentShuttingDown"] = true.into();
        }
        let plan = &job.plan;
        let url = format!(
            "{}/{}/_apis/distributedtask/hubs/{}/plans/{}/events",
            job.url.trim_end_matches('/'),
            plan.scope,
            plan.kind,
            plan.id
        );
        self.send(Method::POST, &url, &body, &job.token).await.map(drop)
    }

    /// Calls the API of the agent's pool. A rejected token is requested again, once.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, ServiceError> {
        let settings = &self.configuration.settings;
        let base = settings.server_url.trim_end_matches('/');
        let url = format!("{base}/_apis/distributedtask/pools/{}/{path}", settings.pool_id);
        let known = self.token.lock().expect("no holder of this lock can panic").clone();
        if let Some(token) = known {
            match self.send(method.clone(), &url, body, &token).await {
                Err(error) if error.is_denied() => {}
                answer => return answer,
            }
        }
        let token = self.request_token().await?;
        *self.token.lock().expect("no holder of this lock can panic") = Some(token.clone());
        self.send(method, &url, body, &token).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: &Value,
        token: &str,
    ) -> Result<Value, ServiceError> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header(header::ACCEPT, ACCEPT)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-tfs-fedauthredirect", "Suppress")
            .body(body);
        let request = request.map_err(|_| ServiceError::Transport)?;
        let response = (self.transport)(request).await.map_err(|_| ServiceError::Transport)?;
        check(&response)
    }

    /// Requests an access token with a signed assertion.
    async fn request_token(&self) -> Result<String, ServiceError> {
        let credentials = &self.configuration.credentials;
        let now = self.clock.now().timestamp();
        let claims = json!({
            "iss": credentials.client_id,
            "sub": credentials.client_id,
            "aud": credentials.authorization_url,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now,
            "exp": now + ASSERTION_TTL,
        });
        let assertion = signing_key::sign(&self.configuration.key, &claims);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_assertion_type", kind)
            .append_pair("client_assertion", &assertion)
            .finish();
        let request = http::Request::post(credentials.endpoint())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form));
        let request = request.map_err(|_| ServiceError::Transport)?;
        let response = (self.transport)(request).await.map_err(|_| ServiceError::Transport)?;
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match (answer["access_token"].as_str(), answer["error_description"].as_str()) {
            (Some(token), _) => Ok(token.to_owned()),
            (None, Some(description)) => Err(ServiceError::NoToken(description.to_owned())),
            (None, None) => Err(ServiceError::Unexpected(response.status())),
        }
    }
}
