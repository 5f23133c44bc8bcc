//! The operation of the endpoint: `GET /msi/token`.

use std::collections::BTreeMap;

use http::Method;
use url::form_urlencoded;

use emulator_core::service::Request;

/// The path of the endpoint, as on the platform.
pub const PATH: &str = "/msi/token";
/// The query parameters that are modelled.
const PARAMETERS: [&str; 3] = ["api-version", "resource", "client_id"];

/// An operation of the endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Returns an access token.
    GetToken,
}

impl Operation {
    /// Returns the operation of a request, or `None` if it is not modelled.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let is_modelled = |name: &String| PARAMETERS.contains(&name.as_str());
        let matches = request.method() == Method::GET
            && request.uri().path().eq_ignore_ascii_case(PATH)
            && query_of(request).keys().all(is_modelled);
        matches.then_some(Self::GetToken)
    }
}

/// Returns the query parameters of a request.
pub(crate) fn query_of(request: &Request) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
