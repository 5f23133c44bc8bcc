//! The API version that a request names.
//!
//! The texts of the errors are those that users report. <https://learn.microsoft.com/azure/devops/integrate/concepts/rest-api-versioning>

use http::{Method, StatusCode, header};

use emulator_core::service::Request;

use crate::error::ApiError;
use crate::model::demand::numbers;
use crate::routes::{Location, Route};

const MAX_VERSION: &str = "7.2";
const RELEASED_VERSION: &str = "7.1";

/// Checks the version of a request: in the query, or in `Accept`. A GET without one is answered in the latest version.
pub(super) fn check(route: &Route, request: &Request) -> Result<(), ApiError> {
    let Some(location) = route.location else { return Ok(()) };
    match requested(request) {
        None if *request.method() == Method::GET => Ok(()),
        None => Err(missing(request.method())),
        Some(version) => check_version(&version, location),
    }
}

fn check_version(version: &str, location: &Location) -> Result<(), ApiError> {
    let (number, preview) = match version.split_once("-preview") {
        Some((number, revision)) => (number, Some(revision.trim_start_matches('.'))),
        None => (version, None),
    };
    let is_number =
        !number.is_empty() && number.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    if !is_number || numbers(number) > numbers(MAX_VERSION) {
        let text = format!(
            "The requested REST API version of {number} is out of range for this server. The latest REST API version this server supports is {MAX_VERSION}."
        );
        return Err(bad("VssVersionOutOfRangeException", text));
    }
    let is_released = location.is_released && numbers(number) <= numbers(RELEASED_VERSION);
    let revision = preview.and_then(|revision| revision.parse::<u32>().ok());
    match preview {
        None if !is_released => Err(bad(
            "VssInvalidPreviewVersionException",
            format!(
                "The requested version \"{number}\" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: \"{number}-preview\""
            ),
        )),
        Some(_) if revision.is_some_and(|revision| revision > location.resource_version) => {
            Err(bad(
                "VssResourceVersionOutOfRangeException",
                format!("The requested resource version {version} is out of range."),
            ))
        }
        _ => Ok(()),
    }
}

fn missing(method: &Method) -> ApiError {
    let text = format!(
        "No api-version was supplied for the \"{method}\" request. The version must be supplied either as part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\")."
    );
    bad("VssVersionNotSpecifiedException", text)
}

fn bad(key: &'static str, text: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, key, text)
}

fn requested(request: &Request) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    if let Some((_, version)) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("api-version")) {
        return Some(version.into_owned());
    }
    let accept = request.headers().get(header::ACCEPT)?.to_str().ok()?;
    let mut parts = accept.split([';', ',']).map(str::trim);
    parts.find_map(|part| part.strip_prefix("api-version=")).map(str::to_owned)
}
