//! Names the failures that the service publishes, and writes them in its XML shape.

use std::borrow::Cow;

use http::header::HeaderName;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use emulator_core::service::Response;

use super::exchange::{Exchange, empty, xml};

mod codes;

/// Why a request is refused: a published code, and the details that the service adds to it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    message: Cow<'static, str>,
    details: Vec<(&'static str, String)>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Failure {
    const fn published(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let message = Cow::Borrowed(message);
        Self { status, code, message, details: Vec::new(), header: None }
    }

    /// Makes a failure of a status alone, with a message of ours.
    pub(super) fn of_status(status: StatusCode, message: &str) -> Self {
        let code = match status {
            StatusCode::FORBIDDEN => "AuthorizationFailure",
            StatusCode::NOT_FOUND => "ResourceNotFound",
            StatusCode::NOT_IMPLEMENTED => "NotImplemented",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "ServerBusy",
            status if status.is_client_error() => "InvalidInput",
            _ => "InternalError",
        };
        let message = Cow::Owned(message.to_owned());
        Self { status, code, message, details: Vec::new(), header: None }
    }

    /// Adds a detail, which becomes an element of its own.
    pub(super) fn because(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.details.push((element, text.into()));
        self
    }

    /// Adds a header to the answer.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// Writes the answer, without what every answer repeats.
    pub(super) fn answer(self, exchange: &Exchange) -> Response {
        let mut answer = if self.status == StatusCode::NOT_MODIFIED {
            empty(self.status)
        } else {
            xml(self.status, "Error", &Body { failure: &self, note: exchange.note() })
        };
        let headers = answer.headers_mut();
        headers.insert("x-ms-error-code", HeaderValue::from_static(self.code));
        if let Some(header) = self.header {
            let (name, value) = *header;
            headers.insert(name, value);
        }
        answer
    }
}

/// The body of a failure; the elements are in the order of the published examples.
struct Body<'a> {
    failure: &'a Failure,
    note: String,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_map(None)?;
        error.serialize_entry("Code", self.failure.code)?;
        error.serialize_entry("Message", &format!("{}\n{}", self.failure.message, self.note))?;
        for (element, text) in &self.failure.details {
            error.serialize_entry(element, text)?;
        }
        error.end()
    }
}
