//! The handler's response to a payload, and the HTTP response that it defines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use emulator_core::service::Response;

/// The result of an invocation, as the host reads it from the handler's response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum InvocationResult {
    /// The function has succeeded.
    Succeeded(Results),
    /// The response contains no result, so the host waits until the invocation times out.
    Pending,
    /// The invocation has failed, with the reason.
    Failed(String),
}

/// The outputs of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Results {
    outputs: Map<String, Value>,
    return_value: Value,
    /// Log lines.
    pub(crate) logs: Vec<String>,
}

/// Parses a response like the host's JSON formatter, which ignores the case of names.
pub(crate) fn parse_response(response: &Response) -> InvocationResult {
    if !response.status().is_success() {
        return InvocationResult::Failed(format!("the handler responded {}", response.status()));
    }
    // The formatter returns nothing for an empty body of any type, nor for the JSON value null.
    if response.body().is_empty() {
        return InvocationResult::Pending;
    }
    if !is_json(response) {
        return InvocationResult::Failed(
            "the content type of the response is not application/json".to_owned(),
        );
    }
    match serde_json::from_slice(response.body()) {
        Ok(Value::Null) => InvocationResult::Pending,
        Ok(Value::Object(fields)) => results(fields),
        Ok(_) => InvocationResult::Failed("the response is JSON, but not an object".to_owned()),
        Err(err) => InvocationResult::Failed(format!("the response is not JSON: {err}")),
    }
}

impl Results {
    /// Returns the response to the caller of a function whose HTTP output has this name.
    pub(crate) fn http_response(&self, output: &str) -> Result<Response, String> {
        let response = match (output, &self.return_value) {
            // The host decodes a returned string if it is valid base64.
            ("$return", Value::String(text)) => match STANDARD.decode(text) {
                Ok(bytes) => return Ok(plain(StatusCode::OK, Bytes::from(bytes))),
                Err(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            },
            ("$return", value) => value.clone(),
            (name, _) => self.outputs.get(name).cloned().unwrap_or(Value::Null),
        };
        respond(&response)
    }
}

fn results(fields: Map<String, Value>) -> InvocationResult {
    let mut results = Results::default();
    for (name, value) in fields {
        match (name.to_ascii_lowercase().as_str(), value) {
            (_, Value::Null) => {}
            ("outputs", Value::Object(outputs)) => results.outputs = outputs,
            ("outputs", _) => {
                return InvocationResult::Failed("Outputs is not an object".to_owned());
            }
            ("logs", Value::Array(lines)) => results.logs = lines.iter().map(text).collect(),
            ("logs", _) => return InvocationResult::Failed("Logs is not an array".to_owned()),
            ("returnvalue", value) => results.return_value = value,
            _ => {}
        }
    }
    InvocationResult::Succeeded(results)
}

fn respond(value: &Value) -> Result<Response, String> {
    let Some(fields) = value.as_object() else {
        return Ok(plain(StatusCode::OK, Bytes::from(text(value))));
    };
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let status = field("statusCode").or_else(|| field("status")).map_or("200".to_owned(), text);
    let status = status.parse().map_err(|_| format!("{status} is not an HTTP status"))?;
    let mut response = plain(status, Bytes::from(field("body").map_or_else(String::new, text)));
    for (name, value) in field("headers").and_then(Value::as_object).into_iter().flatten() {
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(text(value)));
        let (Ok(name), Ok(value)) = parsed else {
            return Err(format!("{name} is not a valid response header"));
        };
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/json", "text/json"].iter().any(|json| content_type.eq_ignore_ascii_case(json))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, content_type: &str, body: &'static str) -> Response {
        let builder = http::Response::builder().status(status).header("content-type", content_type);
        builder.body(Bytes::from_static(body.as_bytes())).expect("a response")
    }

    #[test]
    fn only_a_json_object_with_success_completes_an_invocation() {
        const JSON: &str = "application/json; charset=utf-8";
        let succeeds = |body| {
            matches!(parse_response(&response(200, JSON, body)), InvocationResult::Succeeded(_))
        };
        assert!(
            succeeds("{}") && succeeds(r#"{"outputs":{},"logs":null,"ReturnValue":null,"More":1}"#)
        );
        assert_eq!(parse_response(&response(200, JSON, "")), InvocationResult::Pending);
        assert_eq!(parse_response(&response(204, "", "")), InvocationResult::Pending);
        assert_eq!(parse_response(&response(200, JSON, "null")), InvocationResult::Pending);
        let failures = [(500, JSON, "{}"), (200, "text/plain", "{}"), (200, JSON, "[]")].map(
            |(status, content_type, body)| parse_response(&response(status, content_type, body)),
        );
        insta::assert_debug_snapshot!(failures, @r#"
        [
            Failed(
                "the handler responded 500 Internal Server Error",
            ),
            Failed(
                "the content type of the response is not application/json",
            ),
            Failed(
                "the response is JSON, but not an object",
            ),
        ]
        "#);
    }

    #[test]
    fn an_http_output_becomes_the_response_to_the_caller() {
        let body =
            r#"{"Outputs":{"res":{"statusCode":"202","headers":{"x-a":"1"},"body":{"n":1}}}}"#;
        let InvocationResult::Succeeded(results) =
            parse_response(&response(200, "application/json", body))
        else {
            panic!("the invocation succeeds")
        };
        let response = results.http_response("res").expect("a valid output");
        assert_eq!(
            (response.status(), &response.body()[..]),
            (StatusCode::ACCEPTED, &b"{\"n\":1}"[..])
        );
        assert_eq!(response.headers()["x-a"], "1");
    }

    #[test]
    fn a_returned_string_that_is_base64_is_decoded() {
        let body = r#"{"ReturnValue":"abcd"}"#;
        let InvocationResult::Succeeded(results) =
            parse_response(&response(200, "application/json", body))
        else {
            panic!("the invocation succeeds")
        };
        let response = results.http_response("$return").expect("a string is valid");
        assert_eq!(response.body(), &STANDARD.decode("abcd").expect("it is base64"));
    }
}
