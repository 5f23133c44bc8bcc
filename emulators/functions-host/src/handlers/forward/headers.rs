//! The headers of a forwarded request, which the host copies to a new one.
//!
//! .NET distinguishes headers of a request from headers of its content. The host copies all to the request, which
//! rejects those of content without an error; it then sets two of them itself, if there is a body.
//! <https://learn.microsoft.com/dotnet/api/system.net.http.headers.httpcontentheaders>

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers of .NET's content. Only the type and the length reach the handler.
const CONTENT_HEADERS: [HeaderName; 11] = [
    header::ALLOW,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::LAST_MODIFIED,
];

/// Returns the headers that the host copies. The lines of a repeated header are joined to one.
pub(super) fn copied(source: &HeaderMap) -> HeaderMap {
    let mut copy = HeaderMap::new();
    for name in source.keys().filter(|name| !CONTENT_HEADERS.contains(name)) {
        let lines: Vec<_> = source.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let joined = lines.join(separator(name));
        let value = HeaderValue::from_bytes(&joined).expect("values and separators are valid");
        copy.insert(name.clone(), value);
    }
    copy
}

/// Returns the type of a request's content: `None` if it has none, an error if .NET cannot parse it.
pub(super) fn content_type(source: &HeaderMap) -> Result<Option<HeaderValue>, String> {
    let lines = source.get_all(header::CONTENT_TYPE).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let text = lines.join(",");
    if text.is_empty() {
        return Ok(None);
    }
    match HeaderValue::from_str(&text) {
        Ok(value) if is_media_type(&text) => Ok(Some(value)),
        _ => Err(text),
    }
}

fn separator(name: &HeaderName) -> &'static [u8] {
    match *name {
        header::USER_AGENT => b" ",
        header::COOKIE => b"; ",
        _ => b", ",
    }
}

/// Returns whether .NET's `MediaTypeHeaderValue` parses a text: `type/subtype`, then parameters.
fn is_media_type(text: &str) -> bool {
    let (kind, mut parameters) = split_at_semicolon(text);
    let is_kind = kind
        .trim()
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind.trim_end()) && is_token(subtype.trim_start()));
    while let Some(rest) = parameters {
        let (parameter, others) = split_at_semicolon(rest);
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (parameter.trim(), None),
        };
        if !is_token(name) || !value.is_none_or(|value| is_token(value) || is_quoted(value)) {
            return false;
        }
        parameters = others;
    }
    is_kind
}

/// Splits a text at its first semicolon outside quotes.
fn split_at_semicolon(text: &str) -> (&str, Option<&str>) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_quoted(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('"') && text.ends_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_one_that_dotnet_parses() {
        let valid = [
            "application/json",
            "text/plain; charset=utf-8",
            "multipart/form-data; boundary=\"a;b\\\"c\"",
            " application / json ;v=1;flag",
            "*/*",
        ];
        let invalid = [
            "json",
            "",
            "/json",
            "text/",
            "text/a/b",
            "text/plain;",
            "a/b,c/d",
            "a/b; =c",
            "a b/c",
        ];
        assert!(valid.iter().all(|text| is_media_type(text)), "{valid:?}");
        for text in invalid {
            assert!(!is_media_type(text), "{text}");
        }
    }
}
