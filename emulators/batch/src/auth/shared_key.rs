//! Shared Key signatures.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method};
use sha2::Sha256;
use url::form_urlencoded;

use emulator_core::service::Request;

/// An account and its key.
pub(crate) struct SharedKey {
    account: String,
    key: Vec<u8>,
}

/// The headers that are signed by position, without their names.
const POSITIONAL_HEADERS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

impl SharedKey {
    /// Decodes a key.
    pub(crate) fn new(account: &str, base64: &str) -> Result<Self, DecodeError> {
        Ok(Self { account: account.to_owned(), key: STANDARD.decode(base64)? })
    }

    /// Returns whether the credential `account:signature` matches a request.
    pub(crate) fn verify(&self, request: &Request, credential: &str) -> bool {
        let Some((account, signature)) = credential.split_once(':') else { return false };
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let fits = |length| self.mac(request, length).verify_slice(&signature).is_ok();
        account == self.account && content_lengths(request).iter().any(|length| fits(length))
    }

    /// Signs a request as the official Python SDK does.
    #[cfg(test)]
    pub(crate) fn sign(&self, request: &Request) -> String {
        let length = &content_lengths(request)[0];
        STANDARD.encode(self.mac(request, length).finalize().into_bytes())
    }

    fn mac(&self, request: &Request, content_length: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(self.string_to_sign(request, content_length).as_bytes());
        mac
    }

    fn string_to_sign(&self, request: &Request, content_length: &str) -> String {
        let mut text = format!("{}\n", request.method());
        for name in POSITIONAL_HEADERS {
            let value = match name {
                "content-length" => content_length,
                name => header(request.headers(), name),
            };
            text.push_str(value);
            text.push('\n');
        }
        text.push_str(&canonical_headers(request.headers()));
        write!(text, "/{}{}", self.account, request.uri().path()).expect("a string takes all");
        text.push_str(&canonical_query(request.uri().query().unwrap_or_default()));
        text
    }
}

/// Returns the lengths that a client may have signed.
///
/// For a request without a body that is not a GET, the Python SDK signs `0`. The JavaScript SDK
/// signs `0` for POST only, and an empty length otherwise. The service accepts both.
fn content_lengths(request: &Request) -> Vec<String> {
    let given = header(request.headers(), "content-length");
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    match (given, request.body().len()) {
        ("" | "0", 0) if read => vec![given.to_owned()],
        ("" | "0", 0) => vec!["0".to_owned(), String::new()],
        ("", length) => vec![length.to_string()],
        (given, _) => vec![given.to_owned()],
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the signed headers, sorted by name. Headers without a value are not signed.
fn canonical_headers(headers: &HeaderMap) -> String {
    let names = headers.keys().map(http::HeaderName::as_str);
    let mut names: Vec<_> = names.filter(|name| name.starts_with("ocp-")).collect();
    names.sort_unstable();
    let signed = names.into_iter().map(|name| (name, header(headers, name)));
    let signed = signed.filter(|(_, value)| !value.is_empty());
    signed.map(|(name, value)| format!("{name}:{value}\n")).collect()
}

/// Returns the signed parameters, sorted by name. Names are signed as sent; parameters without a
/// value are not signed; of a repeated parameter the first value is signed.
fn canonical_query(query: &str) -> String {
    let mut signed = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !value.is_empty() {
            signed.entry(name).or_insert(value);
        }
    }
    signed.into_iter().map(|(name, value)| format!("\n{name}:{value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::request::Builder;

    const JSON: &str = "application/json; odata=minimalmetadata";

    fn key() -> SharedKey {
        SharedKey::new("acct", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap()
    }

    #[track_caller]
    fn check(request: Builder, body: &'static str, expected: &str) {
        let request = request.header("ocp-date", "Fri, 17 Feb 2025 00:00:00 GMT");
        let request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!(key().sign(&request), expected);
        assert!(key().verify(&request, &format!("acct:{expected}")));
        assert!(!key().verify(&request, &format!("other:{expected}")));
    }

    /// The signatures were created by the official Python SDK.
    #[test]
    fn signatures_match_those_of_the_official_client() {
        let list = "/jobs/j1/tasks?api-version=2025-06-01&$select=id%2Cstate&maxresults=10";
        check(http::Request::get(list), "", "J9ThWqfZe+/xQb6XtfwatLsC0RZCkz3sq0k0uCrbtkM=");
        let add = http::Request::post("/jobs/j1/tasks?api-version=2025-06-01");
        let add = add.header("content-type", JSON).header("content-length", "2");
        check(add, "{}", "i87I6cWrrrTrom+GX9AzSrgzLBfde7L5lUiZ4pPvtg8=");
        let end = "/jobs/j1/tasks/t1/terminate?api-version=2025-06-01&timeOut=30";
        check(http::Request::post(end), "", "VPoh1kBzqHacV/T4N/ZMhu1FqgzJylIUL9Wf7rUIqSI=");
        let file = "/jobs/j1/tasks/t1/files/stdout.txt?api-version=2025-06-01";
        let file = http::Request::get(file).header("ocp-range", "bytes=0-99");
        check(file, "", "hr3LUfbQDN9T4KObq0sgjptHQld7+v+F9l78Dc0oI24=");
        let odd = http::Request::get("/jobs/j1/tasks?b=&a=2&a=1&api-version=2025-06-01");
        let odd = odd.header("ocp-a-b", "1").header("ocp-a", "2").header("ocp-c", "");
        let odd = odd.header("content-length", "4");
        check(odd, "body", "cses16PuUSj34IR7EDxrAsvyfzj1FzkFuIdSFTY1Wdc=");
    }
}
