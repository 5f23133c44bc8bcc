//! Azure's management API: the operations that access restrictions need.
//!
//! `PATCH` changes the given properties only, and replaces a list as a whole; `PUT` would reset every other property
//! of the app. The API has no entity tag for a conditional write, so the list is read immediately before a write.
//!
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/update-configuration>

use std::error::Error;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::doctor::facts::Quota;
use crate::error_chain::ErrorChain;
use crate::firewall::function_app::FunctionAppId;
use crate::firewall::restrictions::{MalformedRestrictions, Restrictions};
use crate::json::JsonFault;
use crate::transport::{HttpTransport, Response, request_to};

const API_VERSION: &str = "2024-11-01";
const BATCH_API_VERSION: &str = "2024-07-01";

/// A client of the management API, for one Function App.
#[derive(Clone)]
pub struct Management {
    configuration: Url,
    scope: String,
    identity: Arc<dyn TokenCredential>,
    transport: HttpTransport,
}

/// Why a call of the management API failed. The next run repeats it in each case.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The identity got no token.
    #[error("the app's identity got no token for Azure's management API")]
    NoToken(#[source] azure_core::Error),
    /// The API rejected the call: an operator must change the deployment.
    #[error("{call} failed with {status} {code}: {advice}")]
    Rejected {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: StatusCode,
        /// The published error code.
        code: String,
        /// The setting or role to check.
        advice: &'static str,
    },
    /// The API is overloaded, throttles, or cannot be reached.
    #[error("{call} failed: the management API is unavailable ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status and code, or the error of the connection.
        fault: String,
    },
    /// The response is not of the documented format.
    #[error(transparent)]
    Malformed(#[from] MalformedRestrictions),
}

impl Management {
    /// Creates a client for an app, with the API at this URL.
    pub fn new(
        api: &Url,
        app: &FunctionAppId,
        identity: Arc<dyn TokenCredential>,
        transport: HttpTransport,
    ) -> Self {
        let root = api.as_str().trim_end_matches('/');
        let mut configuration = api.clone();
        configuration.set_path(&format!("{}{app}/config/web", api.path().trim_end_matches('/')));
        configuration.query_pairs_mut().append_pair("api-version", API_VERSION);
        Self { configuration, scope: format!("{root}/.default"), identity, transport }
    }

    /// Reads the app's access restrictions.
    pub async fn restrictions(&self) -> Result<Restrictions, ManagementError> {
        let call = "reading the app's access restrictions";
        let response = self.send(call, Method::GET, None).await?;
        let json = serde_json::from_slice(response.body())
            .map_err(|err| unavailable(call, &JsonFault::from(err)));
        Ok(Restrictions::parse(&json?)?)
    }

    /// Reads the core quota of a Batch account in the resource group of the app.
    ///
    /// <https://learn.microsoft.com/rest/api/batchmanagement/batch-account/get>
    pub async fn batch_quota(&self, account: &str) -> Result<Quota, ManagementError> {
        let call = "reading the quota of the Batch account";
        let mut url = self.configuration.clone();
        let group = url.path().to_owned();
        let group = group.to_ascii_lowercase().find("/providers/").map(|end| &group[..end]);
        let group = group.unwrap_or_default();
        url.set_path(&format!("{group}/providers/Microsoft.Batch/batchAccounts/{account}"));
        url.set_query(Some(&format!("api-version={BATCH_API_VERSION}")));
        let response = self.send_to(&url, call, Method::GET, None).await?;
        let json: Value = serde_json::from_slice(response.body())
            .map_err(|err| unavailable(call, &JsonFault::from(err)))?;
        let cores = |name: &str| json["properties"][name].as_u64()?.try_into().ok();
        match (cores("dedicatedCoreQuota"), cores("lowPriorityCoreQuota")) {
            (Some(dedicated), Some(spot)) => Ok(Quota { dedicated, spot }),
            _ => {
                let fault = "the response has no quota".to_owned();
                Err(ManagementError::Unavailable { call, fault })
            }
        }
    }

    /// Replaces the list of the app's access restrictions, and nothing else.
    pub async fn restrict(&self, rules: &[Value]) -> Result<(), ManagementError> {
        let call = "writing the app's access restrictions";
        let body = json!({ "properties": { "ipSecurityRestrictions": rules } });
        self.send(call, Method::PATCH, Some(&body)).await.map(drop)
    }

    async fn send(
        &self,
        call: &'static str,
        method: Method,
        body: Option<&Value>,
    ) -> Result<Response, ManagementError> {
        self.send_to(&self.configuration, call, method, body).await
    }

    async fn send_to(
        &self,
        url: &Url,
        call: &'static str,
        method: Method,
        body: Option<&Value>,
    ) -> Result<Response, ManagementError> {
        let token = self.identity.get_token(&[&self.scope], None).await;
        let token = token.map_err(ManagementError::NoToken)?;
        let mut request = request_to(&method, url)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.token.secret()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Bytes::from(body)).map_err(|err| unavailable(call, &err))?;
        let response = self.transport.send(request).await.map_err(|err| unavailable(call, &err))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(rejected(call, status, code(&response)))
    }
}

fn rejected(call: &'static str, status: StatusCode, code: String) -> ManagementError {
    let advice = match status.as_u16() {
        408 | 429 | 500.. => {
            return ManagementError::Unavailable { call, fault: format!("{status} {code}") };
        }
        401 => "check AzureManagementUrl",
        403 => "grant the app's identity Microsoft.Web/sites/config/read and write on the app",
        404 => "check FunctionAppResourceId",
        _ => "compare the app's access restrictions in the portal",
    };
    ManagementError::Rejected { call, status, code, advice }
}

/// Reads the code of an error of the API, or of the service behind it. The message is not logged: it may contain the
/// names of tenants and objects.
fn code(response: &Response) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let code = body.pointer("/error/code").or(body.get("Code"));
    let code = code.and_then(Value::as_str).unwrap_or_default();
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn unavailable(call: &'static str, err: &dyn Error) -> ManagementError {
    ManagementError::Unavailable { call, fault: ErrorChain(err).to_string() }
}
