//! The documents by which libraries such as MSAL find the endpoints of a tenant.

use http::StatusCode;
use serde_json::json;

use emulator_core::service::{Request, Response, json_response, origin};

use crate::entra_error::EntraError;
use crate::identity::Identity;
use crate::routes::tenant_of;
use crate::state::TENANT;

impl Identity {
    /// Returns the addresses of a tenant's endpoints.
    pub(crate) fn openid_configuration(&self, request: &Request) -> Result<Response, EntraError> {
        let tenant = tenant_of(request);
        // Libraries also read the document that all tenants share.
        if ![TENANT, "common", "organizations"].contains(&tenant) {
            return Err(EntraError::UnknownTenant(tenant.to_owned()));
        }
        let base = format!("{}/{tenant}", origin(request));
        let issuer = if tenant == TENANT { TENANT } else { "{tenantid}" };
        Ok(json_response(
            StatusCode::OK,
            &json!({
                "issuer": format!("{}/{issuer}/v2.0", origin(request)),
                "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
                "token_endpoint": format!("{base}/oauth2/v2.0/token"),
                "jwks_uri": format!("{base}/discovery/v2.0/keys"),
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
            }),
        ))
    }
}

/// Returns the hosts of this cloud: the one of the request.
pub(crate) fn discover_instance(request: &Request) -> Response {
    let origin = origin(request);
    let host = origin.split_once("://").map_or(&*origin, |(_, host)| host);
    json_response(
        StatusCode::OK,
        &json!({
            "tenant_discovery_endpoint":
                format!("{origin}/{TENANT}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        }),
    )
}
