//! The payload of an HTTP request, for a function without forwarding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator_core::service::{Request, origin};
use http::{HeaderName, HeaderValue, header};
use serde_json::{Map, Value, json};

use super::Sys;
use crate::routes::template::Parameters;

/// Returns the payload of a request.
pub(crate) fn of_request(
    binding: &str,
    request: &Request,
    parameters: &Parameters,
    sys: &Sys,
) -> Value {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut input = json!({
        "Url": format!("{}{target}", origin(request)),
        "Method": request.method().as_str(),
        "Query": query(request.uri().query().unwrap_or_default()),
        "Headers": headers(request),
        "Params": parameters,
        "Identities": [],
    });
    if let Some(body) = body(request) {
        input["Body"] = Value::String(body);
    }
    json!({ "Data": { binding: input }, "Metadata": { "sys": sys.to_json() } })
}

fn query(query: &str) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let joined = match values.get(&*name).and_then(Value::as_str) {
            Some(previous) => format!("{previous},{value}"),
            None => value.into_owned(),
        };
        values.insert(name.into_owned(), Value::String(joined));
    }
    values
}

fn headers(request: &Request) -> Map<String, Value> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let entry = |name: &HeaderName| {
        let values: Vec<_> = request.headers().get_all(name).iter().map(text).collect();
        (name.to_string(), json!(values))
    };
    request.headers().keys().map(entry).collect()
}

/// Returns the body of a request. The host copies it only if the request has its length, as text unless its
/// type is binary.
fn body(request: &Request) -> Option<String> {
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    if chunked || request.body().is_empty() {
        return None;
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let is_binary = content_type.starts_with("application/octet-stream")
        || content_type.starts_with("multipart/");
    Some(match is_binary {
        true => STANDARD.encode(request.body()),
        false => String::from_utf8_lossy(request.body()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use uuid::Uuid;

    #[test]
    fn a_request_becomes_an_object_of_the_payload() {
        let request = http::Request::post("/api/jobs/7?a=1&a=2")
            .header("host", "mayfly.test")
            .header("content-type", "application/octet-stream")
            .body(Bytes::from_static(&[0xff, 0x00]))
            .expect("a request");
        let utc_now = "2026-11-21T10:00:00Z".parse().expect("a time");
        let sys = Sys { method_name: "Jobs".to_owned(), utc_now, rand_guid: Uuid::nil() };
        let parameters = Parameters::from([("job".to_owned(), Some("7".to_owned()))]);
        let payload = of_request("req", &request, &parameters, &sys);
        let json = serde_json::to_string_pretty(&payload["Data"]).expect("it is JSON");
        insta::assert_snapshot!(json, @r#"
        {
          "req": {
            "Body": "/wA=",
            "Headers": {
              "content-type": [
                "application/octet-stream"
              ],
              "host": [
                "mayfly.test"
              ]
            },
            "Identities": [],
            "Method": "POST",
            "Params": {
              "job": "7"
            },
            "Query": {
              "a": "1,2"
            },
            "Url": "http://mayfly.test/api/jobs/7?a=1&a=2"
          }
        }
        "#);
    }
}
