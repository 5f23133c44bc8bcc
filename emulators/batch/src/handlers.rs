//! Request handling: authentication, dispatch, and the writing of responses.

use std::sync::atomic::Ordering;

use http::{HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::Batch;
use super::call::{Body, Call, Reply};
use super::dto::Timestamp;
use super::error::ApiError;
use super::routes::{Operation, route};
use super::versions::Version;
use emulator_core::service::{Request, Response, origin};

mod jobs;
mod tasks;
mod task_collection;
mod files;
mod pools;
mod nodes;
mod pool_sizes;
mod account;
mod views;

/// The maximum size of a request body.
const MAX_BODY_BYTES: usize = 1 << 20;

impl Batch {
    /// Answers a request.
    pub(super) fn respond(&self, operation: Operation, request: &Request) -> Response {
        let id = self.next_request_id();
        let Some(route) = route(request.method(), request.uri().path()) else {
            return self
                .respond_with_error(&ApiError::not_modelled("this operation"), Some(request));
        };
        let (base, parameters) = (origin(request), route.parameters);
        let performed = self.call(request, operation, parameters, &base, &id).and_then(|call| {
            let reply = operation.handle(self, &call)?;
            Ok(write(reply, &call))
        });
        performed.unwrap_or_else(|error| self.error_response(&error, request, &base, &id))
    }

    /// Checks what every request needs: credentials, a body of limited size, and a version.
    fn call<'a>(
        &self,
        request: &'a Request,
        operation: Operation,
        parameters: Vec<(String, String)>,
        base: &str,
        id: &str,
    ) -> Result<Call<'a>, ApiError> {
        self.auth.check(request, &self.context.clock)?;
        if request.body().len() > MAX_BODY_BYTES {
            return Err(ApiError::body_too_large());
        }
        let version = Version::of(request)?;
        let (base, id) = (base.to_owned(), id.to_owned());
        Ok(Call { request, operation, version, parameters, base, id })
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
            Some(request) => self.error_response(error, request, &origin(request), &id),
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

/// Writes a response.
///
/// The headers have the forms of recordings, such as those of azure-cli's tests
/// (test_batch_pools_and_nodes.yaml): the ETag has no quotes, `DataServiceId` of an action is the
/// action's URL, and a created resource has a `Location` too.
fn write(reply: Reply, call: &Call<'_>) -> Response {
    let body = reply.body.map(|body| match body {
        Body::Bytes(bytes) => bytes,
        Body::Json(mut body) => {
            call.version.prune(&mut body);
            body.to_string().into()
        }
    });
    let mut response = Response::new(body.unwrap_or_default());
    *response.status_mut() = reply.status;
    for (name, value) in &reply.headers {
        set(&mut response, name.clone(), value);
    }
    if let Some(modified) = reply.modified {
        set(&mut response, header::ETAG, &modified.etag());
        set(&mut response, header::LAST_MODIFIED, &modified.http_date());
    }
    if let Some(subject) = &reply.subject {
        let created = reply.status == StatusCode::CREATED;
        let path = if created { subject } else { call.request.uri().path() };
        let url = format!("{}{path}", call.base);
        set(&mut response, HeaderName::from_static("dataserviceid"), &url);
        if created {
            set(&mut response, header::LOCATION, &url);
        }
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
