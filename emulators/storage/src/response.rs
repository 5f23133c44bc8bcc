//! Construction of responses: XML bodies, header values and dates.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quick_xml::se::Serializer;
use serde::Serialize;

use emulator_core::service::Response;

/// Creates a response without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Creates a response whose body is `value` as XML with the root element `root`.
///
/// The service generates the body of a success while it sends it: in chunks, without `Content-Length`. The transport
/// encodes a body whose response has the header `Transfer-Encoding`.
///
/// Every XML body of the service starts with a byte order mark, as recorded for the tests of its SDKs:
/// <https://github.com/Azure/azure-sdk-for-js/blob/0b90fc94f66ca79f7386768771bbb56bc232adf7/sdk/storage/storage-queue/recordings/node/queueclient/recording_deleteifexists.json>
pub(crate) fn xml(status: StatusCode, root: &str, value: &impl Serialize) -> Response {
    let mut text = String::with_capacity(512);
    text.push_str("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    Serializer::with_root(&mut text, Some(root))
        .and_then(|serializer| value.serialize(serializer))
        .expect("element names are constants, and writing to a string cannot fail");
    // XML parsers normalize a literal carriage return to a line feed, so it is written as a reference.
    let mut response = Response::new(Bytes::from(text.replace('\r', "&#13;")));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if status.is_success() {
        let chunked = HeaderValue::from_static("chunked");
        response.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    }
    response
}

/// Marks a response as one that caches must not keep, as the service does for messages.
pub(crate) fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Removes the body of a response to `HEAD`, and the headers that describe it.
///
/// Some SDKs parse the body that these headers announce. Recorded:
/// <https://github.com/Azure/azure-sdk-for-js/blob/397880acd536417168ec20c9a645a069ed329c47/sdk/storage/storage-blob/recordings/node/blobclient/recording_exists_returns_false_on_nonexisting_blob.json>
pub(crate) fn remove_body(response: &mut Response) {
    *response.body_mut() = Bytes::new();
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        response.headers_mut().remove(name);
    }
}

/// Inserts a header whose value is known to be visible ASCII.
pub(crate) fn insert_text(headers: &mut HeaderMap, name: &'static str, value: &impl fmt::Display) {
    let value = HeaderValue::try_from(value.to_string()).expect("the value is visible ASCII");
    headers.insert(name, value);
}

/// A time in the format of HTTP dates, which the service also uses in XML; in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpDate(pub(crate) DateTime<Utc>);

impl HttpDate {
    /// Parses a date of RFC 1123, the only form that the service documents.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
        Some(Self(time.and_utc()))
    }
}

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
    struct Root {
        text: &'static str,
    }

    #[test]
    fn a_carriage_return_survives_xml_normalization() {
        let response = xml(StatusCode::OK, "Root", &Root { text: "a\r\n<b>" });
        let expected = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Root><text>a&#13;\n&lt;b&gt;</text></Root>";
        assert_eq!(response.body(), expected);
    }
}
