//! Calls of operations and their replies, as handlers see them.

use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::conditions;
use super::dto::{self, Timestamp};
use super::error::ApiError;
use super::query::Query;
use super::routes::Operation;
use super::versions::Version;
use emulator_core::service::Request;

/// A request with the parameters of its path.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) operation: Operation,
    pub(crate) version: Version,
    /// The decoded parameters of its path.
    pub(crate) parameters: Vec<(String, String)>,
    /// The base URL that the client used, for URLs in responses.
    pub(crate) base: String,
    /// The request's id.
    pub(crate) id: String,
}

/// The body of a successful response.
pub(crate) enum Body {
    /// A JSON document.
    Json(Value),
    /// The content of a file.
    Bytes(Bytes),
}

/// A successful response before it is serialized.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The last modification of the resource.
    pub(crate) modified: Option<Timestamp>,
    /// The path of the changed resource.
    pub(crate) subject: Option<String>,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Option<Body>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Creates a response with a JSON body.
    pub(crate) fn json(base: &str, metadata: &str, mut body: Value) -> Self {
        body["odata.metadata"] = json!(format!("{base}/$metadata#{metadata}"));
        let json = "application/json;odata=minimalmetadata".to_owned();
        let headers = vec![(header::CONTENT_TYPE, json)];
        Self { headers, body: Some(Body::Json(body)), ..Self::default() }
    }

    pub(crate) fn modified(self, modified: Timestamp) -> Self {
        Self { modified: Some(modified), ..self }
    }

    pub(crate) fn subject(self, path: String) -> Self {
        Self { subject: Some(path), ..self }
    }
}

impl Call<'_> {
    /// Returns a parameter that the operation's path template names.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Reads the body.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let given = self.request.headers().get(header::CONTENT_TYPE);
        let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The content type states the OData form of the JSON, so the service requires it.
        let kind = given.to_ascii_lowercase().replace(' ', "");
        if !kind.starts_with("application/json;odata=") {
            return Err(ApiError::invalid_header("Content-Type", given));
        }
        let body = dto::parse(self.request.body())?;
        self.version.check(self.operation, &body)?;
        dto::read(body)
    }

    /// Reads the body; an empty one gives the default.
    pub(crate) fn optional_body<T: DeserializeOwned + Default>(&self) -> Result<T, ApiError> {
        if self.request.body().is_empty() { Ok(T::default()) } else { self.body() }
    }

    pub(crate) fn query(&self, allowed: &[&str]) -> Result<Query, ApiError> {
        Query::read(self.request, self.version, allowed)
    }

    /// Fails if a condition of the request does not hold.
    pub(crate) fn check(&self, modified: Timestamp) -> Result<(), ApiError> {
        conditions::check(self.request, modified)
    }

    /// Creates the response for a page of a list.
    pub(crate) fn list(
        &self,
        query: &Query,
        metadata: &str,
        page: (Vec<Value>, Option<String>),
    ) -> Reply {
        let (items, last) = page;
        let mut body = json!({ "value": items });
        if let Some(last) = last {
            let link = query.next_link(&self.base, self.request.uri().path(), &last);
            body["odata.nextLink"] = json!(link);
        }
        Reply::json(&self.base, metadata, body)
    }
}
