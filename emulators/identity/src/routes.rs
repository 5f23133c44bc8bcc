//! The operation table: the index of the endpoints.

use std::collections::BTreeMap;

use http::Method;
use url::form_urlencoded;

use emulator_core::service::Request;

/// The path of the endpoint of managed identities, as on the platform.
pub const PATH: &str = "/msi/token";
/// The query parameters of that endpoint that are modelled.
const PARAMETERS: [&str; 3] = ["api-version", "resource", "client_id"];

/// An operation of the endpoints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Returns an access token of a managed identity.
    GetToken,
    /// Returns an access token for a federated token.
    RequestToken,
    /// Returns the addresses of a tenant's endpoints.
    GetOpenIdConfiguration,
    /// Returns the hosts that belong to the same cloud.
    DiscoverInstance,
}

impl Operation {
    /// Returns the operation of a request, or `None` if it is not modelled.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let segments: Vec<_> = path.split('/').skip(1).collect();
        match (request.method(), &*segments) {
            (&Method::GET, _) if path.eq_ignore_ascii_case(PATH) => {
                let is_modelled = |name: &String| PARAMETERS.contains(&name.as_str());
                query_of(request).keys().all(is_modelled).then_some(Self::GetToken)
            }
            (&Method::POST, [_, "oauth2", "v2.0", "token"]) => Some(Self::RequestToken),
            (&Method::GET, ["common", "discovery", "instance"]) => Some(Self::DiscoverInstance),
            (&Method::GET, [_, "v2.0", ".well-known", "openid-configuration"]) => {
                Some(Self::GetOpenIdConfiguration)
            }
            _ => None,
        }
    }
}

/// Returns the tenant of a request to Entra's endpoint: the first segment of its path.
pub(crate) fn tenant_of(request: &Request) -> &str {
    request.uri().path().split('/').nth(1).unwrap_or_default()
}

/// Returns the query parameters of a request.
pub(crate) fn query_of(request: &Request) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
