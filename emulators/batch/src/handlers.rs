//! Request handling: authentication, dispatch, and the writing of responses.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Batch;
use super::dto::{self, Timestamp};
use super::error::ApiError;
use super::query::Query;
use super::routes::{Operation, Route, route};
use emulator_core::service::{Request, Response};

mod jobs;
mod tasks;
mod task_collection;
mod files;
mod pools;
mod pool_sizes;
mod account;
mod views;

/// The maximum size of a request body.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request with its route.
pub(crate) struct Call<'a> {
    request: &'a Request,
    route: Route,
    /// The base URL that the client used, for URLs in responses.
    base: String,
    /// The request's id.
    id: String,
}

/// A successful response before it is serialized.
#[derive(Default)]
pub(crate) struct Reply {
    status: StatusCode,
    /// The last modification of the resource.
    modified: Option<Timestamp>,
    /// The path of the changed resource.
    subject: Option<String>,
    headers: Vec<(HeaderName, String)>,
    body: Option<Bytes>,
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Creates a response with a JSON body.
    fn json(base: &str, metadata: &str, mut body: Value) -> Self {
        body["odata.metadata"] = json!(format!("{base}/$metadata#{metadata}"));
        let json = "application/json;odata=minimalmetadata".to_owned();
        let headers = vec![(header::CONTENT_TYPE, json)];
        Self { headers, body: Some(body.to_string().into()), ..Self::default() }
    }

    fn modified(self, modified: Timestamp) -> Self {
        Self { modified: Some(modified), ..self }
    }

    fn subject(self, path: String) -> Self {
        Self { subject: Some(path), ..self }
    }
}

impl Call<'_> {
    /// Returns a parameter that the operation's path template names.
    fn parameter(&self, name: &str) -> &str {
        self.route.parameter(name)
    }

    /// Reads the body.
    fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let given = self.request.headers().get(header::CONTENT_TYPE);
        let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The content type states the OData form of the JSON, so the service requires it.
        let kind = given.to_ascii_lowercase().replace(' ', "");
        if !kind.starts_with("application/json;odata=") {
            return Err(ApiError::invalid_header("Content-Type", given));
        }
        dto::read(self.request.body())
    }

    /// Reads the body; an empty one gives the default.
    fn optional_body<T: DeserializeOwned + Default>(&self) -> Result<T, ApiError> {
        if self.request.body().is_empty() { Ok(T::default()) } else { self.body() }
    }

    fn query(&self, allowed: &[&str]) -> Result<Query, ApiError> {
        Query::read(self.request, allowed)
    }

    /// Fails if a condition of the request does not hold.
    fn check(&self, modified: Timestamp) -> Result<(), ApiError> {
        super::conditions::check(self.request, modified)
    }

    /// Creates the response for a page of a list.
    fn list(&self, query: &Query, metadata: &str, page: (Vec<Value>, Option<String>)) -> Reply {
        let (items, last) = page;
        let mut body = json!({ "value": items });
        if let Some(last) = last {
            let link = query.next_link(&self.base, self.request.uri().path(), &last);
            body["odata.nextLink"] = json!(link);
        }
        Reply::json(&self.base, metadata, body)
    }
}

impl Batch {
    /// Answers a request.
    pub(super) fn respond(&self, operation: Operation, request: &Request) -> Response {
        let id = self.next_request_id();
        let Some(route) = route(request.method(), request.uri().path()) else {
            return self
                .respond_with_error(&ApiError::not_modelled("this operation"), Some(request));
        };
        let call = Call { request, route, base: base(request), id };
        let authenticated = self.auth.check(request, &self.context.clock);
        match authenticated.and_then(|()| self.perform(operation, &call)) {
            Ok(reply) => write(reply, &call),
            Err(error) => self.error_response(&error, request, &call.base, &call.id),
        }
    }

    fn perform(&self, operation: Operation, call: &Call<'_>) -> Result<Reply, ApiError> {
        if call.request.body().len() > MAX_BODY_BYTES {
            return Err(ApiError::body_too_large());
        }
        operation.handle(self, call)
    }

    fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u64_pair(self.options.seed, number).to_string()
    }

    /// Writes an error response.
    pub(super) fn respond_with_error(
        &self,
        error: &ApiError,
        request: Option<&Request>,
    ) -> Response {
        let id = self.next_request_id();
        match request {
            Some(request) => self.error_response(error, request, &base(request), &id),
            None => self.error_response(error, &Request::default(), "http://localhost", &id),
        }
    }

    fn error_response(
        &self,
        error: &ApiError,
        request: &Request,
        base: &str,
        id: &str,
    ) -> Response {
        let now = Timestamp::of(self.context.clock.now());
        let mut response = Response::default();
        *response.status_mut() = error.status;
        let bare =
            request.method() == http::Method::HEAD || error.status == StatusCode::NOT_MODIFIED;
        if !bare {
            *response.body_mut() = error.body(base, id, now).to_string().into();
            let json = "application/json;odata=minimalmetadata";
            set(&mut response, header::CONTENT_TYPE, json);
        }
        if error.status == StatusCode::UNAUTHORIZED {
            let challenge = "Bearer authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", resource_id=\"https://batch.core.windows.net/\"";
            set(&mut response, header::WWW_AUTHENTICATE, challenge);
        }
        set_common_headers(&mut response, request, id);
        response
    }
}

fn write(reply: Reply, call: &Call<'_>) -> Response {
    let mut response = Response::new(reply.body.unwrap_or_default());
    *response.status_mut() = reply.status;
    for (name, value) in &reply.headers {
        set(&mut response, name.clone(), value);
    }
    if let Some(modified) = reply.modified {
        set(&mut response, header::ETAG, &format!("\"{}\"", modified.etag()));
        set(&mut response, header::LAST_MODIFIED, &modified.http_date());
    }
    if let Some(subject) = &reply.subject {
        let id = HeaderName::from_static("dataserviceid");
        set(&mut response, id, &format!("{}{subject}", call.base));
    }
    set_common_headers(&mut response, call.request, &call.id);
    response
}

/// Sets the headers that every response has.
fn set_common_headers(response: &mut Response, request: &Request, id: &str) {
    set(response, HeaderName::from_static("request-id"), id);
    set(response, HeaderName::from_static("dataserviceversion"), "3.0");
    let headers = request.headers();
    let wanted = headers.get("return-client-request-id");
    if wanted.is_some_and(|wanted| wanted.as_bytes().eq_ignore_ascii_case(b"true"))
        && let Some(given) = headers.get("client-request-id")
    {
        response.headers_mut().insert("client-request-id", given.clone());
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    // The repeated ids and paths come from clients and may contain any characters.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn base(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    format!("http://{}", host.unwrap_or("localhost"))
}
