//! The token of a client that presents a federated token.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::json;
use url::form_urlencoded;

use emulator_core::service::{Request, Response, json_response};

use crate::entra_error::EntraError;
use crate::identity::Identity;
use crate::routes::tenant_of;
use crate::state::{TENANT, TokenRequest, resources};

/// The kind of a federated token.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The end of a scope that stands for all permissions that were granted for a resource.
const DEFAULT_SCOPE: &str = "/.default";

impl Identity {
    /// Returns an access token for a federated token.
    pub(crate) fn request_token(&self, request: &Request) -> Result<Response, EntraError> {
        let form = Form::parse(request);
        match form.required("grant_type")? {
            "client_credentials" => {}
            "authorization_code" | "refresh_token" | "password" => {
                return Err(EntraError::NotModelled("A flow with a user"));
            }
            other => return Err(EntraError::GrantType(other.to_owned())),
        }
        let tenant = tenant_of(request);
        if tenant != TENANT {
            return Err(EntraError::UnknownTenant(tenant.to_owned()));
        }
        let client_id = self.client(form.required("client_id")?)?;
        self.check_credential(&form)?;
        let resource = resource(form.required("scope")?)?;
        if !resources::is_known(&resource) {
            return Err(EntraError::UnknownResource(resource));
        }
        let now = self.clock.now();
        let token = self.tokens().request(&TokenRequest { resource, client_id }, now);
        let seconds = (token.expires_on - now).num_seconds();
        let body = json!({
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token.text,
        });
        Ok(json_response(StatusCode::OK, &body))
    }

    fn client(&self, id: &str) -> Result<String, EntraError> {
        let mut known = self.options.user_assigned.iter().chain(&self.options.system_assigned);
        let found = known.find(|known| known.eq_ignore_ascii_case(id)).cloned();
        found.ok_or_else(|| EntraError::UnknownClient(id.to_owned()))
    }

    fn check_credential(&self, form: &Form) -> Result<(), EntraError> {
        let Some(assertion) = form.get("client_assertion") else {
            return Err(match form.get("client_secret") {
                Some(_) => EntraError::NotModelled("A client secret"),
                None => EntraError::NoCredential,
            });
        };
        if form.required("client_assertion_type")? != ASSERTION_TYPE {
            return Err(EntraError::NotModelled("This client_assertion_type"));
        }
        let (tokens, now) = (self.tokens(), self.clock.now());
        tokens
            .check_federated_token(assertion, &self.options.federated, now)
            .map_err(EntraError::FederatedToken)
    }
}

/// The parameters of a form.
struct Form(BTreeMap<String, String>);

impl Form {
    fn parse(request: &Request) -> Self {
        Self(form_urlencoded::parse(request.body()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<&str, EntraError> {
        self.get(name).ok_or(EntraError::MissingParameter(name))
    }
}

/// Returns the resource of a scope, which is the audience of the token.
fn resource(scope: &str) -> Result<String, EntraError> {
    // Some libraries add the scopes of OpenID, which a client without a user cannot use.
    let is_resource = |scope: &&str| !["openid", "profile", "offline_access"].contains(scope);
    let mut scopes = scope.split_whitespace().filter(is_resource);
    let (Some(only), None) = (scopes.next(), scopes.next()) else {
        return Err(EntraError::Scope(scope.to_owned()));
    };
    match only.strip_suffix(DEFAULT_SCOPE) {
        Some(resource) if !resource.is_empty() => Ok(resource.to_owned()),
        _ => Err(EntraError::ScopeWithoutDefault(only.to_owned())),
    }
}
