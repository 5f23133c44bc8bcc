//! The token of a managed identity.

use http::StatusCode;
use serde_json::json;

use emulator_core::service::{Request, Response, json_response};

use crate::auth;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::routes::query_of;
use crate::state::{TENANT, TokenRequest, resources};

const API_VERSION: &str = "2019-08-01";

impl Identity {
    pub(crate) fn get_managed_token(&self, request: &Request) -> Result<Response, IdentityError> {
        auth::authorize(request, &self.options.header)?;
        let query = query_of(request);
        let required = |name| match query.get(name) {
            Some(value) if !value.is_empty() => Ok(value.clone()),
            _ => Err(bad_request("api-version and resource are required")),
        };
        if required("api-version")? != API_VERSION {
            return Err(bad_request("the api-version is not supported"));
        }
        let client_id = self
            .identity(query.get("client_id"))
            .ok_or_else(|| bad_request("the app has no such managed identity"))?;
        let resource = required("resource")?;
        if !resources::is_known(&resource) {
            let message = resources::unknown_message(&resource, TENANT);
            let message = format!("AADSTS500011: {message}");
            return Err(IdentityError::new(StatusCode::BAD_REQUEST, message));
        }
        let token_request = TokenRequest { resource, client_id };
        let token = self.tokens().request(&token_request, self.clock.now());
        let body = json!({
            "access_token": token.text,
            "client_id": token_request.client_id,
            "expires_on": token.expires_on.timestamp().to_string(),
            "not_before": token.not_before.timestamp().to_string(),
            "resource": token_request.resource,
            "token_type": "Bearer",
        });
        Ok(json_response(StatusCode::OK, &body))
    }

    /// Returns the client id of a user-assigned identity, or of the system-assigned one by default.
    fn identity(&self, client_id: Option<&String>) -> Option<String> {
        match client_id {
            None => self.options.system_assigned.clone(),
            Some(id) => self.options.user_assigned.iter().find(|known| *known == id).cloned(),
        }
    }
}

fn bad_request(message: &'static str) -> IdentityError {
    IdentityError::new(StatusCode::BAD_REQUEST, message)
}
