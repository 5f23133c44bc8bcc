//! Reads the handler's answer to a payload, and what it makes of an HTTP output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use emulator_core::service::Response;

/// What an answer says about its invocation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// The function ran.
    Ran(Results),
    /// The host reads nothing from it and goes on waiting, until the invocation times out.
    Nothing,
    /// The invocation has failed, for this reason.
    Failed(String),
}

/// What a function gave back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Results {
    outputs: Map<String, Value>,
    return_value: Value,
    /// Lines for the log.
    pub(super) logs: Vec<String>,
}

/// Reads an answer as the host's JSON formatter does, which ignores the case of names.
pub(super) fn read(answer: &Response) -> Reading {
    if !answer.status().is_success() {
        return Reading::Failed(format!("the handler answered {}", answer.status()));
    }
    // A formatter gives nothing for an empty body, whatever its type, and so does JSON's null.
    if answer.body().is_empty() {
        return Reading::Nothing;
    }
    if !is_json(answer) {
        return Reading::Failed("the answer's content type is not application/json".to_owned());
    }
    match serde_json::from_slice(answer.body()) {
        Ok(Value::Null) => Reading::Nothing,
        Ok(Value::Object(fields)) => results(fields),
        Ok(_) => Reading::Failed("the answer is JSON, but no object".to_owned()),
        Err(err) => Reading::Failed(format!("the answer is not JSON: {err}")),
    }
}

impl Results {
    /// Makes the answer to the caller of a function with an HTTP output of this name.
    pub(super) fn http_response(&self, output: &str) -> Result<Response, String> {
        let response = match (output, &self.return_value) {
            // A returned string that happens to be base64 is decoded.
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

fn results(fields: Map<String, Value>) -> Reading {
    let mut results = Results::default();
    for (name, value) in fields {
        match (name.to_ascii_lowercase().as_str(), value) {
            (_, Value::Null) => {}
            ("outputs", Value::Object(outputs)) => results.outputs = outputs,
            ("outputs", _) => return Reading::Failed("Outputs is no object".to_owned()),
            ("logs", Value::Array(lines)) => results.logs = lines.iter().map(text).collect(),
            ("logs", _) => return Reading::Failed("Logs is no list".to_owned()),
            ("returnvalue", value) => results.return_value = value,
            _ => {}
        }
    }
    Reading::Ran(results)
}

fn respond(value: &Value) -> Result<Response, String> {
    let Some(fields) = value.as_object() else {
        return Ok(plain(StatusCode::OK, Bytes::from(text(value))));
    };
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let status = field("statusCode").or_else(|| field("status")).map_or("200".to_owned(), text);
    let status = status.parse().map_err(|_| format!("{status} is no HTTP status"))?;
    let mut response = plain(status, Bytes::from(field("body").map_or_else(String::new, text)));
    for (name, value) in field("headers").and_then(Value::as_object).into_iter().flatten() {
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(text(value)));
        let (Ok(name), Ok(value)) = parsed else {
            return Err(format!("{name} is no header of an answer"));
        };
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn is_json(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/json", "text/json"].iter().any(|json| kind.eq_ignore_ascii_case(json))
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

    fn answer(status: u16, kind: &str, body: &'static str) -> Response {
        let builder = http::Response::builder().status(status).header("content-type", kind);
        builder.body(Bytes::from_static(body.as_bytes())).expect("an answer")
    }

    #[test]
    fn only_a_json_object_with_success_completes_an_invocation() {
        const JSON: &str = "application/json; charset=utf-8";
        let ran = |body| matches!(read(&answer(200, JSON, body)), Reading::Ran(_));
        assert!(ran("{}") && ran(r#"{"outputs":{},"logs":null,"ReturnValue":null,"More":1}"#));
        assert_eq!(read(&answer(200, JSON, "")), Reading::Nothing);
        assert_eq!(read(&answer(204, "", "")), Reading::Nothing);
        assert_eq!(read(&answer(200, JSON, "null")), Reading::Nothing);
        let said = [(500, JSON, "{}"), (200, "text/plain", "{}"), (200, JSON, "[]")]
            .map(|(status, kind, body)| read(&answer(status, kind, body)));
        insta::assert_debug_snapshot!(said, @r#"
        [
            Failed(
                "the handler answered 500 Internal Server Error",
            ),
            Failed(
                "the answer's content type is not application/json",
            ),
            Failed(
                "the answer is JSON, but no object",
            ),
        ]
        "#);
    }

    #[test]
    fn an_http_output_becomes_the_callers_answer() {
        let body =
            r#"{"Outputs":{"res":{"statusCode":"202","headers":{"x-a":"1"},"body":{"n":1}}}}"#;
        let Reading::Ran(results) = read(&answer(200, "application/json", body)) else {
            panic!("it completes")
        };
        let response = results.http_response("res").expect("a good output");
        assert_eq!(
            (response.status(), &response.body()[..]),
            (StatusCode::ACCEPTED, &b"{\"n\":1}"[..])
        );
        assert_eq!(response.headers()["x-a"], "1");
    }

    #[test]
    fn a_returned_string_that_is_base64_is_decoded() {
        let body = r#"{"ReturnValue":"abcd"}"#;
        let Reading::Ran(results) = read(&answer(200, "application/json", body)) else {
            panic!("it completes")
        };
        let response = results.http_response("$return").expect("a string is good");
        assert_eq!(response.body(), &STANDARD.decode("abcd").expect("it is base64"));
    }
}
