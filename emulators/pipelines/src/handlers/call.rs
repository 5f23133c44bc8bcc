//! A request as handlers see it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use emulator_core::service::{Request, Response, json_response};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::routes::Match;

/// Parameters that every operation takes and that change nothing here.
const COMMON: [&str; 2] = ["api-version", "locktoken"];

/// An authenticated request.
pub(crate) struct Call<'a> {
    params: &'a BTreeMap<&'static str, String>,
    /// By the name in lower case.
    query: BTreeMap<String, String>,
    /// The body; null if there is none.
    pub(crate) body: Value,
    /// The URL of the organization.
    pub(crate) base: String,
    pub(crate) caller: Caller,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        matched: &'a Match,
        request: &Request,
        base: String,
        caller: Caller,
    ) -> Result<Self, ApiError> {
        let query = request.uri().query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        let query = pairs.map(|(name, value)| (name.to_lowercase(), value)).collect();
        let body = match request.body().is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(request.body())
                .map_err(|_| ApiError::invalid("The body of the request is not JSON."))?,
        };
        Ok(Self { params: &matched.params, query, body, base, caller })
    }

    /// Returns a parameter of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Returns an id in the path; 0, the id of nothing, if it is not a number.
    pub(crate) fn id(&self, name: &str) -> u64 {
        self.param(name).parse().unwrap_or_default()
    }

    /// Returns a parameter of the query, unless it is empty. The name is in lower case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns whether a parameter of the query is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Rejects parameters of the query that the service supports but this emulator does not: ignoring one would give a
    /// wrong response.
    pub(crate) fn allow_only(&self, known: &[&str]) -> Result<(), ApiError> {
        let is_unknown =
            |name: &&String| !COMMON.contains(&name.as_str()) && !known.contains(&name.as_str());
        match self.query.keys().find(is_unknown) {
            None => Ok(()),
            Some(name) => Err(ApiError::not_modelled(&format!("the parameter {name}"))),
        }
    }

    /// Returns a text of the body.
    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the flat object of texts in a field of the body.
    pub(crate) fn texts(value: &Value) -> BTreeMap<String, String> {
        let fields = value.as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        fields.map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// Responds with an object.
pub(super) fn object(value: &Value) -> Response {
    json_response(StatusCode::OK, value)
}

/// Responds with a list.
pub(super) fn list(values: Vec<Value>) -> Response {
    object(&json!({ "count": values.len(), "value": values }))
}

/// Responds without a body.
pub(super) fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// Responds with a status and without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
