//! Carries what every answer repeats of its request: identifiers, version and time.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quick_xml::se::Serializer;
use serde::Serialize;
use uuid::Uuid;

use emulator_core::service::{Request, Response};

use super::failure::Failure;

/// The version of the REST API that is modelled, and what an answer says where a request says nothing.
pub(super) const VERSION: &str = "2026-04-06";

const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

/// One request, as far as every answer to it is concerned.
#[derive(Debug)]
pub(super) struct Exchange {
    /// When the request was received.
    pub(super) at: DateTime<Utc>,
    id: Uuid,
    version: HeaderValue,
    client_id: Option<HeaderValue>,
}

impl Exchange {
    /// Opens the exchange for a request.
    pub(super) fn open(request: &Request, id: Uuid, at: DateTime<Utc>) -> Self {
        let version = request.headers().get("x-ms-version").cloned();
        let client_id = request.headers().get(CLIENT_REQUEST_ID).cloned();
        let version = version.unwrap_or(HeaderValue::from_static(VERSION));
        Self { at, id, version, client_id }
    }

    /// Opens one whose request is not at hand.
    pub(super) fn unasked(id: Uuid, at: DateTime<Utc>) -> Self {
        Self { at, id, version: HeaderValue::from_static(VERSION), client_id: None }
    }

    /// Finishes an answer: adds what every answer repeats.
    pub(super) fn close(self, answer: Result<Response, Failure>) -> Response {
        let mut answer = answer.unwrap_or_else(|failure| failure.answer(&self));
        let headers = answer.headers_mut();
        insert_text(headers, "x-ms-request-id", &self.id);
        headers.insert("x-ms-version", self.version);
        if let Some(client_id) = self.client_id {
            headers.insert(CLIENT_REQUEST_ID, client_id);
        }
        insert_text(headers, header::DATE.as_str(), &HttpDate(self.at));
        answer
    }

    /// Writes the two lines that end every error message.
    pub(super) fn note(&self) -> String {
        let time = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("RequestId:{}\nTime:{time}", self.id)
    }
}

/// Makes an answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

/// Makes an answer with an XML body; the value's name is the root element's.
pub(super) fn xml(status: StatusCode, root: &str, value: &impl Serialize) -> Response {
    let mut text = String::with_capacity(512);
    text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    Serializer::with_root(&mut text, Some(root))
        .and_then(|serializer| value.serialize(serializer))
        .expect("element names are constants, and writing to a string cannot fail");
    // To a reader of XML a bare carriage return is the end of a line, and becomes a line feed.
    let mut answer = Response::new(Bytes::from(text.replace('\r', "&#13;")));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/xml");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

/// Adds a header whose value is known to be visible ASCII.
pub(super) fn insert_text(headers: &mut HeaderMap, name: &'static str, value: &impl fmt::Display) {
    let value = HeaderValue::try_from(value.to_string()).expect("the value is visible ASCII");
    headers.insert(name, value);
}

/// A time as HTTP and the service's XML write it, in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpDate(pub(super) DateTime<Utc>);

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%a, %d %b %Y %H:%M:%S GMT").fmt(f)
    }
}

impl Serialize for HttpDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Shown {
        text: &'static str,
    }

    #[test]
    fn a_carriage_return_reaches_the_reader_as_one() {
        let answer = xml(StatusCode::OK, "Shown", &Shown { text: "a\r\n<b>" });
        let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Shown><text>a&#13;\n&lt;b&gt;</text></Shown>";
        assert_eq!(answer.body(), expected);
    }
}
