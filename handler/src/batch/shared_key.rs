//! Signs requests to Batch with the account's key.
//!
//! <https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use azure_core::http::headers::{AUTHORIZATION, HeaderName};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use crate::clock::Clock;
use crate::secret::Secret;

const OCP_DATE: HeaderName = HeaderName::from_static("ocp-date");

/// The headers that the string to sign contains without their names, after the method.
const SIGNED_HEADERS: [&str; 11] = [
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

/// A policy that dates and signs every try of a request.
pub(super) struct SharedKeyPolicy {
    account: String,
    key: Vec<u8>,
    clock: Clock,
}

impl fmt::Debug for SharedKeyPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedKeyPolicy({})", self.account)
    }
}

impl SharedKeyPolicy {
    pub(super) fn new(account: &str, key: &Secret, clock: Clock) -> Self {
        let key = BASE64_STANDARD.decode(key.expose()).expect("the settings have checked the key");
        Self { account: account.to_owned(), key, clock }
    }

    fn sign(&self, request: &mut Request) {
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        request.insert_header(OCP_DATE, date);
        let authorization = authorization(&self.account, &self.key, request);
        request.insert_header(AUTHORIZATION, authorization);
    }
}

/// Returns the `Authorization` header of a request that already has the header `ocp-date`.
///
/// `key` is the decoded key of the account. The signature equals that of Microsoft's Python SDK for the same request.
pub fn authorization(account: &str, key: &[u8], request: &Request) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(string_to_sign(account, request).as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    format!("SharedKey {account}:{signature}")
}

#[async_trait::async_trait]
impl Policy for SharedKeyPolicy {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        self.sign(request);
        next[0].send(context, request, &next[1..]).await
    }
}

fn string_to_sign(account: &str, request: &Request) -> String {
    let mut text = request.method().as_str().to_owned();
    for name in SIGNED_HEADERS {
        let value = match name {
            "content-length" => content_length(request),
            _ => header(request, name),
        };
        text.push('\n');
        text.push_str(&value);
    }
    let pair = |(name, value): (&str, &str)| format!("\n{name}:{value}");
    text.extend(canonical_headers(request).into_iter().map(pair));
    text.push_str(&format!("\n/{account}{}", request.url().path()));
    text.extend(canonical_query(request.url()).iter().map(|(name, value)| pair((name, value))));
    text
}

/// Returns nothing for a GET or HEAD without a body. For other requests without one the HTTP stack sends a zero.
fn content_length(request: &Request) -> String {
    match (request.method(), request.body().len().unwrap_or_default()) {
        (Method::Get | Method::Head, 0) => String::new(),
        (_, length) => length.to_string(),
    }
}

/// Returns the headers that are signed with their names, sorted. A header without a value is not signed.
///
/// The order is that of the names alone: `ocp-a` comes before `ocp-a-b`, although a colon comes after a hyphen.
fn canonical_headers(request: &Request) -> Vec<(&str, &str)> {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut signed: Vec<_> =
        headers.filter(|(name, value)| name.starts_with("ocp-") && !value.is_empty()).collect();
    signed.sort_unstable();
    signed
}

/// Returns the parameters by name, each with its first value. A parameter without a value is not signed.
fn canonical_query(url: &Url) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let mut signed = BTreeMap::new();
    for (name, value) in url.query_pairs().filter(|(_, value)| !value.is_empty()) {
        signed.entry(name).or_insert(value);
    }
    signed
}

fn header(request: &Request, name: &'static str) -> String {
    let value = request.headers().get_optional_str(&HeaderName::from_static(name));
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    /// The expected values were created with the signer of Microsoft's Python SDK, azure-batch 15.1.0.
    #[track_caller]
    fn check(
        method: Method,
        path_and_query: &str,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
        expect: &str,
    ) {
        let url = format!("https://acct.region.batch.azure.com{path_and_query}");
        let mut request = Request::new(url.parse().expect("a URL"), method);
        // The date of the expected values calls a Monday a Friday, so it is given rather than formatted.
        request.insert_header(OCP_DATE, "Fri, 17 Feb 2025 00:00:00 GMT");
        headers.iter().for_each(|&(name, value)| request.insert_header(name, value));
        request.set_body(body);
        let authorization = authorization("acct", b"0123456789abcdef0123456789abcdef", &request);
        assert_eq!(authorization, format!("SharedKey acct:{expect}"));
    }

    #[test]
    fn signatures_are_those_of_the_official_sdk() {
        check(
            Method::Get,
            "/jobs/j1/tasks?api-version=2025-06-01&$select=id%2Cstate&maxresults=10",
            &[],
            "",
            "J9ThWqfZe+/xQb6XtfwatLsC0RZCkz3sq0k0uCrbtkM=",
        );
        check(
            Method::Post,
            "/jobs/j1/tasks?api-version=2025-06-01",
            &[("content-type", "application/json; odata=minimalmetadata")],
            "{}",
            "i87I6cWrrrTrom+GX9AzSrgzLBfde7L5lUiZ4pPvtg8=",
        );
        check(
            Method::Post,
            "/jobs/j1/tasks/t1/terminate?api-version=2025-06-01&timeOut=30",
            &[],
            "",
            "VPoh1kBzqHacV/T4N/ZMhu1FqgzJylIUL9Wf7rUIqSI=",
        );
        check(
            Method::Get,
            "/jobs/j1/tasks/t1/files/stdout.txt?api-version=2025-06-01",
            &[("ocp-range", "bytes=0-99")],
            "",
            "hr3LUfbQDN9T4KObq0sgjptHQld7+v+F9l78Dc0oI24=",
        );
    }

    #[test]
    fn empty_values_are_not_signed_and_the_first_of_several_is() {
        check(
            Method::Get,
            "/jobs/j1/tasks?b=&a=2&a=1&api-version=2025-06-01",
            &[("ocp-a-b", "1"), ("ocp-a", "2"), ("ocp-c", "")],
            "body",
            "cses16PuUSj34IR7EDxrAsvyfzj1FzkFuIdSFTY1Wdc=",
        );
    }

    #[test]
    fn a_request_is_dated_by_the_clock() {
        let policy = SharedKeyPolicy::new(
            "acct",
            &Secret::new("aGk="),
            Clock::from_fn(|| DateTime::UNIX_EPOCH),
        );
        let mut request = Request::new("http://h/jobs".parse().expect("a URL"), Method::Get);
        policy.sign(&mut request);
        let date = request.headers().get_optional_str(&OCP_DATE);
        assert_eq!(date, Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    }
}
