//! Construction of responses: XML bodies, header values and dates.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
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
pub(crate) fn xml(status: StatusCode, root: &str, value: &impl Serialize) -> Response {
    let mut text = String::with_capacity(512);
    text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    Serializer::with_root(&mut text, Some(root))
        .and_then(|serializer| value.serialize(serializer))
        .expect("element names are constants, and writing to a string cannot fail");
    // XML parsers normalize a literal carriage return to a line feed, so it is written as a reference.
    let mut response = Response::new(Bytes::from(text.replace('\r', "&#13;")));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Inserts a header whose value is known to be visible ASCII.
pub(crate) fn insert_text(headers: &mut HeaderMap, name: &'static str, value: &impl fmt::Display) {
    let value = HeaderValue::try_from(value.to_string()).expect("the value is visible ASCII");
    headers.insert(name, value);
}

/// A time in the format of HTTP dates, which the service also uses in XML; in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpDate(pub(crate) DateTime<Utc>);

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
        let expected =
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Root><text>a&#13;\n&lt;b&gt;</text></Root>";
        assert_eq!(response.body(), expected);
    }
}
