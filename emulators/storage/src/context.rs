//! The request's identifiers, version and time, which every response repeats.

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderValue, Method, header};
use uuid::Uuid;

use emulator_core::service::{Request, Response};

use crate::api_version::ApiVersion;
use crate::error::StorageError;
use crate::request::Query;
use crate::response::{HttpDate, insert_text, remove_body};

const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

/// The part of a request that every response repeats.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// The time at which the request was received.
    pub(crate) received_at: DateTime<Utc>,
    request_id: Uuid,
    /// The version that the request names, or the default one.
    pub(crate) version: ApiVersion,
    client_request_id: Option<HeaderValue>,
    is_head: bool,
}

impl RequestContext {
    /// Creates the context of a request.
    pub(crate) fn new(request: &Request, request_id: Uuid, received_at: DateTime<Utc>) -> Self {
        let header = |name| request.headers().get(name).cloned();
        let version = ApiVersion::of(request, &Query::parse(request.uri())).ok().flatten();
        let version = version.unwrap_or(ApiVersion::DEFAULT);
        let client_request_id = header(CLIENT_REQUEST_ID);
        let is_head = request.method() == Method::HEAD;
        Self { received_at, request_id, version, client_request_id, is_head }
    }

    /// Creates the context of a response whose request is not available.
    pub(crate) fn without_request(request_id: Uuid, received_at: DateTime<Utc>) -> Self {
        let (version, client_request_id) = (ApiVersion::DEFAULT, None);
        Self { received_at, request_id, version, client_request_id, is_head: false }
    }

    /// Adds the common headers to a response.
    pub(crate) fn finish(self, result: Result<Response, StorageError>) -> Response {
        let mut response = result.unwrap_or_else(|error| error.into_response(&self.error_note()));
        if self.is_head && !response.status().is_success() {
            remove_body(&mut response);
        }
        let headers = response.headers_mut();
        insert_text(headers, "x-ms-request-id", &self.request_id);
        headers.insert("x-ms-version", HeaderValue::from_static(self.version.as_str()));
        if let Some(client_request_id) = self.client_request_id {
            headers.insert(CLIENT_REQUEST_ID, client_request_id);
        }
        insert_text(headers, header::DATE.as_str(), &HttpDate(self.received_at));
        response
    }

    /// Returns the two lines at the end of every error message.
    fn error_note(&self) -> String {
        let time = self.received_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("RequestId:{}\nTime:{time}", self.request_id)
    }
}
