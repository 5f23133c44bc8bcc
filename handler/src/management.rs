//! Azure's management API, as far as access restrictions need it.
//!
//! `PATCH` changes the properties that it names, and replaces a list as a whole; `PUT` would set every other
//! property of the app back. The API gives no entity tag to make a write conditional with, so that a reading
//! belongs right before it.
//!
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/update-configuration>

use std::error::Error;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::error_chain::ErrorChain;
use crate::firewall::function_app::FunctionAppId;
use crate::firewall::restrictions::{Restrictions, Unreadable};
use crate::json::JsonFault;
use crate::transport::{HttpTransport, Response, request_to};

const API_VERSION: &str = "2024-11-01";

/// A client of the management API, for one Function App.
#[derive(Clone)]
pub struct Management {
    configuration: Url,
    scope: String,
    identity: Arc<dyn TokenCredential>,
    transport: HttpTransport,
}

/// What a call to the management API can end with. The next run makes it again, whichever it is.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The identity has no token, or its service does not answer.
    #[error("the app's identity got no token for Azure's management API")]
    NoToken(#[source] azure_core::Error),
    /// The API understood and refused: somebody must change the deployment.
    #[error("{call} was refused with {status} {code}: {advice}")]
    Refused {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: StatusCode,
        /// The published error code.
        code: String,
        /// What to look at.
        advice: &'static str,
    },
    /// The API is busy, throttles, or cannot be reached.
    #[error("{call} met a management API that cannot answer now ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status and code, or what happened to the connection.
        fault: String,
    },
    /// The answer has not the documented form.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Management {
    /// Makes a client for the app at the API of this address.
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
    ///
    /// # Errors
    /// [`ManagementError`].
    pub async fn restrictions(&self) -> Result<Restrictions, ManagementError> {
        let call = "reading the app's access restrictions";
        let answer = self.send(call, Method::GET, None).await?;
        let read = serde_json::from_slice(answer.body())
            .map_err(|err| unavailable(call, &JsonFault::from(err)));
        Ok(Restrictions::read(&read?)?)
    }

    /// Replaces the list of the app's access restrictions, and nothing else of the app.
    ///
    /// # Errors
    /// [`ManagementError`].
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
        let token = self.identity.get_token(&[&self.scope], None).await;
        let token = token.map_err(ManagementError::NoToken)?;
        let mut request = request_to(&method, &self.configuration)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.token.secret()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Bytes::from(body)).map_err(|err| unavailable(call, &err))?;
        let answer = self.transport.send(request).await.map_err(|err| unavailable(call, &err))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(refused(call, status, code(&answer)))
    }
}

fn refused(call: &'static str, status: StatusCode, code: String) -> ManagementError {
    let advice = match status.as_u16() {
        408 | 429 | 500.. => {
            return ManagementError::Unavailable { call, fault: format!("{status} {code}") };
        }
        401 => "check AzureManagementUrl",
        403 => "grant the app's identity Microsoft.Web/sites/config/read and write on the app",
        404 => "check FunctionAppResourceId",
        _ => "compare the app's access restrictions in the portal",
    };
    ManagementError::Refused { call, status, code, advice }
}

/// Reads the code of an error, of the API itself or of the service behind it; a message may name tenants
/// and objects.
fn code(answer: &Response) -> String {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let code = body.pointer("/error/code").or(body.get("Code"));
    let code = code.and_then(Value::as_str).unwrap_or_default();
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn unavailable(call: &'static str, err: &dyn Error) -> ManagementError {
    ManagementError::Unavailable { call, fault: ErrorChain(err).to_string() }
}
