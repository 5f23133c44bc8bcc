//! The path and the query of a forwarded request, which the host builds again.
//!
//! `DefaultHttpWorkerService.GetPathValue` and `HttpRequestExtensions.ToHttpRequestMessage` in
//! <https://github.com/Azure/azure-functions-host> are the source; the escapes are those of .NET's `Uri` and
//! `UrlEncoder`.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::routes::path;

/// The characters that .NET's `Uri` escapes in a path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The characters that .NET's `UrlEncoder` escapes in a name or a value of a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b'-')
    .remove(b'.')
    .remove(b';')
    .remove(b'@')
    .remove(b'_')
    .remove(b'~');

/// Returns the path and the query with which the host calls the handler.
pub(super) fn rebuilt(uri: &Uri) -> String {
    format!("{}{}", rebuilt_path(uri.path()), rebuilt_query(uri.query().unwrap_or_default()))
}

/// Decodes a path and escapes it again. The host reads the decoded text as a URL, so that it ends at `?` or `#`.
fn rebuilt_path(path: &str) -> String {
    let decoded = path::decoded(path);
    let path = decoded.split(['?', '#']).next().unwrap_or_default().replace('\\', "/");
    escape_lone_percent(&utf8_percent_encode(&path, PATH).to_string())
}

fn escape_lone_percent(text: &str) -> String {
    let mut parts = text.split('%');
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_escape =
            part.len() >= 2 && part.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
        escaped.push_str(if is_escape { "%" } else { "%25" });
        escaped.push_str(part);
    }
    escaped
}

/// Decodes a query and encodes it again, with the values of a repeated name joined by commas.
fn rebuilt_query(query: &str) -> String {
    let mut values: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match values.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, joined)) => *joined = format!("{joined},{value}"),
            None => values.push((name.into_owned(), value.into_owned())),
        }
    }
    let encode = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let pairs = values.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_rebuilt() {
        let cases = [
            ("/api/%50rovide?a=b%2Fc&a=2", "/api/Provide?a=b%2Fc,2"),
            ("/API/hook/", "/API/hook/"),
            ("/api/a%20b%2Fc", "/api/a%20b%2Fc"),
            ("/api/%C3%BC/100%25", "/api/%C3%BC/100%25"),
            ("/api/a%3Fb=c?d=1", "/api/a?d=1"),
            ("/api/./x/../Hook", "/api/Hook"),
            ("/api/x?d=+e%20f&empty=&flag", "/api/x?d=%20e%20f&empty=&flag="),
            ("/api/x?A=1&b=2&a=3,4", "/api/x?A=1,3,4&b=2"),
            ("/api/x?code=a%2Bb%3D%3D", "/api/x?code=a%2Bb%3D%3D"),
            ("/api/x?e=%C3%BC!$()*;@~-._'&&", "/api/x?e=%C3%BC!$()*;@~-._%27"),
            ("/api/x?", "/api/x"),
        ];
        for (target, expected) in cases {
            assert_eq!(rebuilt(&target.parse().expect("a target")), expected, "{target}");
        }
    }
}
