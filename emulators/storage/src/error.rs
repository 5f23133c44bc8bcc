//! The published errors of the service, and their XML format.

use std::borrow::Cow;

use http::header::{HeaderName, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use hyper::ext::ReasonPhrase;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use emulator_core::service::Response;

use crate::response::{empty, xml};

mod codes;

/// The challenge of a request without valid credentials; the tenant is that of the emulated identities.
///
/// <https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#bearer-challenge>
const CHALLENGE: &str = "Bearer authorization_uri=https://login.microsoftonline.com/6d617966-6c79-4c69-a665-73666f726461/oauth2/authorize resource_id=https://storage.azure.com";

/// An error response: a published code, and the details that the service adds to it.
#[derive(Debug)]
pub(crate) struct StorageError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: Cow<'static, str>,
    details: Vec<(&'static str, String)>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl StorageError {
    const fn published(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let message = Cow::Borrowed(message);
        Self { status, code, message, details: Vec::new(), header: None }
    }

    /// Creates an error from a status, with a message that the service does not publish.
    pub(crate) fn from_status(status: StatusCode, message: &str) -> Self {
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

    /// Creates the error of a request whose authentication failed.
    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::AUTHENTICATION_FAILED.with_detail("AuthenticationErrorDetail", detail)
    }

    /// Adds a detail as a separate XML element.
    pub(crate) fn with_detail(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.details.push((element, text.into()));
        self
    }

    /// Adds the header that says how to authenticate.
    pub(crate) fn with_challenge(self) -> Self {
        self.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))
    }

    /// Adds a header to the response.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// Makes the message about a lease one about the lease of a container.
    pub(crate) fn of_container_lease(mut self) -> Self {
        self.message = Cow::Owned(self.message.replace("blob", "container"));
        self
    }

    /// Returns the response without the common headers; `note` is appended to the message.
    pub(crate) fn into_response(self, note: &str) -> Response {
        let mut response = if self.status == StatusCode::NOT_MODIFIED {
            empty(self.status)
        } else {
            xml(self.status, "Error", &Body { error: &self, note })
        };
        // The service repeats the message as the reason phrase, which older SDKs show.
        if let Ok(reason) = ReasonPhrase::try_from(self.message.as_bytes()) {
            response.extensions_mut().insert(reason);
        }
        let headers = response.headers_mut();
        headers.insert("x-ms-error-code", HeaderValue::from_static(self.code));
        if let Some(header) = self.header {
            let (name, value) = *header;
            headers.insert(name, value);
        }
        response
    }
}

/// The body of an error response; the elements have the order of the published examples.
struct Body<'a> {
    error: &'a StorageError,
    note: &'a str,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("Code", self.error.code)?;
        body.serialize_entry("Message", &format!("{}\n{}", self.error.message, self.note))?;
        for (element, text) in &self.error.details {
            body.serialize_entry(element, text)?;
        }
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_injected_status_has_a_published_code() {
        let codes = [400, 403, 404, 429, 500, 501, 503].map(|status| {
            let status = StatusCode::from_u16(status).expect("a status");
            StorageError::from_status(status, "injected").code
        });
        assert_eq!(
            codes,
            [
                "InvalidInput",
                "AuthorizationFailure",
                "ResourceNotFound",
                "ServerBusy",
                "InternalError",
                "NotImplemented",
                "ServerBusy",
            ]
        );
    }
}
