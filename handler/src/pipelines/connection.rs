//! The connection with an organization: credential, pauses, and what its answers mean.
//!
//! The service delays and finally rejects the calls of an identity that consumes too much, and says so in headers also of
//! successful responses: no further call is sent before the time of `Retry-After`.
//! <https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits>

use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::dto::Listed;
use super::error::PipelinesError;
use super::response::{parse, parse_list, rejection, retry_after, type_key};
use crate::clock::Clock;
use crate::error_chain::ErrorChain;
use crate::settings::PipelinesCredential;
use crate::transport::{HttpTransport, Response, request_to};

/// The scope of an Entra token for Azure DevOps.
/// <https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/service-principal-managed-identity>
const SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
/// Job requests exist as a preview only.
const API_VERSION: &str = "7.1-preview.1";
/// The longest pause that a response is obeyed for: longer ones are repeated by the next response.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// What the client authenticates with.
enum Credential {
    Token(HeaderValue),
    Identity(Arc<dyn TokenCredential>),
    /// The settings need an identity, and the process has none.
    None,
}

/// A connection with an organization.
pub(super) struct Connection {
    organization: Url,
    credential: Credential,
    transport: HttpTransport,
    clock: Clock,
    paused_until: Mutex<Option<DateTime<Utc>>>,
}

impl Connection {
    /// Creates a connection with the organization at this URL.
    pub(super) fn new(
        organization: &Url,
        credential: &PipelinesCredential,
        identity: Option<Arc<dyn TokenCredential>>,
        transport: HttpTransport,
        clock: Clock,
    ) -> Self {
        let credential = match (credential, identity) {
            (PipelinesCredential::Token(token), _) => {
                let pair = BASE64_STANDARD.encode(format!(":{}", token.expose()));
                let value = HeaderValue::try_from(format!("Basic {pair}"));
                Credential::Token(sensitive(value.expect("base64 is a header value")))
            }
            (PipelinesCredential::Identity, Some(identity)) => Credential::Identity(identity),
            (PipelinesCredential::Identity, None) => Credential::None,
        };
        let (organization, paused_until) = (organization.clone(), Mutex::default());
        Self { organization, credential, transport, clock, paused_until }
    }

    /// Returns the URL of the organization.
    pub(super) fn organization(&self) -> &Url {
        &self.organization
    }

    /// Reads an object below `_apis/distributedtask`; errors name the pool.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: &'static str,
        pool_and_path: (&str, &str),
        query: &[(&str, &str)],
    ) -> Result<T, PipelinesError> {
        parse(call, &self.send(call, Method::GET, pool_and_path, query, None).await?)
    }

    /// Reads a list below `_apis/distributedtask`; errors name the pool.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        call: &'static str,
        pool_and_path: (&str, &str),
        query: &[(&str, &str)],
    ) -> Result<Listed<T>, PipelinesError> {
        parse_list(call, &self.send(call, Method::GET, pool_and_path, query, None).await?)
    }

    /// Sends a request to a path below `_apis/distributedtask`.
    pub(super) async fn send(
        &self,
        call: &'static str,
        method: Method,
        (pool, path): (&str, &str),
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Response, PipelinesError> {
        let mut url = self.url(&format!("distributedtask/{path}"));
        url.query_pairs_mut().extend_pairs(query);
        self.send_to(url, call, method, pool, body).await
    }

    /// Returns the URL of a path below `_apis`.
    pub(super) fn url(&self, path: &str) -> Url {
        self.url_in("", path)
    }

    /// Returns the URL of a path below `_apis` of a project.
    pub(super) fn url_in(&self, project: &str, path: &str) -> Url {
        let mut url = self.organization.clone();
        let base = format!("{}/{project}", url.path().trim_end_matches('/'));
        url.set_path(&format!("{}/_apis/{path}", base.trim_end_matches('/')));
        url
    }

    /// Sends a request to a URL of the organization.
    pub(super) async fn send_to(
        &self,
        mut url: Url,
        call: &'static str,
        method: Method,
        pool: &str,
        body: Option<&Value>,
    ) -> Result<Response, PipelinesError> {
        self.wait_if_paused(call)?;
        url.query_pairs_mut().append_pair("api-version", API_VERSION);
        let authorization = self.authorization().await?;
        let response = self.exchange(call, (url, method, body), authorization).await?;
        self.obey(&response);
        self.check(call, pool, response)
    }

    /// Sends a request with this authorization, and returns the response whatever its status is.
    pub(super) async fn exchange(
        &self,
        call: &'static str,
        (url, method, body): (Url, Method, Option<&Value>),
        authorization: HeaderValue,
    ) -> Result<Response, PipelinesError> {
        let mut request = request_to(&method, &url)
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Bytes::from(body)).expect("a URL and plain headers");
        self.transport.send(request).await.map_err(|err| {
            let fault = ErrorChain(&err).to_string();
            PipelinesError::Unavailable { call, fault, retry_after: None }
        })
    }

    async fn authorization(&self) -> Result<HeaderValue, PipelinesError> {
        let identity = match &self.credential {
            Credential::Token(value) => return Ok(value.clone()),
            Credential::Identity(identity) => identity,
            Credential::None => return Err(no_token("there is no identity")),
        };
        let token = identity.get_token(&[SCOPE], None).await.map_err(PipelinesError::NoToken)?;
        let value = HeaderValue::try_from(format!("Bearer {}", token.token.secret()));
        Ok(sensitive(value.map_err(|_| no_token("the token is no header value"))?))
    }

    fn wait_if_paused(&self, call: &'static str) -> Result<(), PipelinesError> {
        let until = *self.paused_until.lock().expect("no holder of this lock can panic");
        let pause = until.and_then(|until| (until - self.clock.now()).to_std().ok());
        match pause.filter(|pause| !pause.is_zero()) {
            None => Ok(()),
            Some(pause) => {
                let fault = format!("it demands a pause of {} s", pause.as_secs());
                Err(PipelinesError::Unavailable { call, fault, retry_after: Some(pause) })
            }
        }
    }

    /// Sends no further call before the time that a response names.
    fn obey(&self, response: &Response) {
        let Some(pause) = retry_after(response) else { return };
        let until = self.clock.now() + pause.min(MAX_PAUSE);
        *self.paused_until.lock().expect("no holder of this lock can panic") = Some(until);
    }

    fn check(
        &self,
        call: &'static str,
        pool: &str,
        response: Response,
    ) -> Result<Response, PipelinesError> {
        let status = response.status().as_u16();
        let key = type_key(&response);
        match (status, key.as_str()) {
            // The sign-in page, or a redirect to it.
            (203 | 302 | 401, _) => {
                let advice = match (&self.credential, key.as_str()) {
                    // <https://github.com/microsoft/azure-pipelines-agent/issues/1559>
                    (Credential::Token(_), "AccessCheckException") => {
                        "AzureDevOpsToken has expired: create a new one"
                    }
                    (Credential::Token(_), _) => {
                        "AzureDevOpsToken may have expired, or be of another organization"
                    }
                    _ => "add the app's identity to the organization, with access level Basic",
                };
                Err(PipelinesError::NotSignedIn { call, status, advice })
            }
            (200..300, _) => Ok(response),
            // Clients branch by the name of the exception: the statuses are not documented.
            (_, "TaskAgentJobStillRunningException") => Err(PipelinesError::StillRunning),
            (_, "TaskAgentExistsException") => Err(PipelinesError::NameTaken),
            (403, _) => Err(PipelinesError::Forbidden { call, pool: pool.to_owned() }),
            (404, _) => Err(PipelinesError::NotFound { call }),
            _ => Err(rejection(call, &response)),
        }
    }
}

pub(super) fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

fn no_token(text: &'static str) -> PipelinesError {
    let kind = azure_core::error::ErrorKind::Credential;
    PipelinesError::NoToken(azure_core::Error::with_message(kind, text))
}
