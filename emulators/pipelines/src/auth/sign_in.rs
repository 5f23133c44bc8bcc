//! The sign-in page that callers without a valid token get in place of an error.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use emulator_core::service::{Request, Response};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body>Sign in to continue.</body></html>\n";

/// Responds with the page, or with a redirect to it if the client asks for HTML.
pub(super) fn respond(request: &Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let mut response = Response::new(Bytes::from_static(PAGE.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let location = HeaderValue::from_static("https://app.vssps.visualstudio.com/_signin");
        headers.insert(header::LOCATION, location);
        *response.status_mut() = StatusCode::FOUND;
    } else {
        *response.status_mut() = StatusCode::NON_AUTHORITATIVE_INFORMATION;
    }
    response
}
