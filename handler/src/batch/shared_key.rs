//! Signs requests to Batch with the account's key.
//!
//! <https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service>

use std::fmt;
use std::sync::Arc;

use azure_core::http::headers::{AUTHORIZATION, HeaderName};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::Clock;
use crate::secret::Secret;

const OCP_DATE: HeaderName = HeaderName::from_static("ocp-date");

/// The headers that the string to sign lists by place, after the method; the length comes fourth.
const SIGNED: [&str; 11] = [
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

/// A policy that dates and signs every try.
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
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(string_to_sign(&self.account, request).as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        request.insert_header(AUTHORIZATION, format!("SharedKey {}:{signature}", self.account));
    }
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
    for name in SIGNED {
        let value = match name {
            "content-length" => content_length(request),
            _ => header(request, name),
        };
        text.push('\n');
        text.push_str(&value);
    }
    let ocp = request.headers().iter().filter(|(name, _)| name.as_str().starts_with("ocp-"));
    let mut ocp: Vec<String> =
        ocp.map(|(name, value)| format!("\n{}:{}", name.as_str(), value.as_str())).collect();
    ocp.sort();
    text.extend(ocp);
    text.push_str(&format!("\n/{account}{}", request.url().path()));
    let mut query: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
    query.sort();
    text.extend(query.iter().map(|(name, value)| format!("\n{name}:{value}")));
    text
}

/// Empty for GET and HEAD; the HTTP stack adds a zero to any other request without a body.
fn content_length(request: &Request) -> String {
    match request.method() {
        Method::Get | Method::Head => String::new(),
        _ => request.body().len().unwrap_or_default().to_string(),
    }
}

fn header(request: &Request, name: &'static str) -> String {
    let value = request.headers().get_optional_str(&HeaderName::from_static(name));
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    /// Expected values were made by the signer of Microsoft's Python SDK, azure-batch 15.1.0.
    #[track_caller]
    fn check(
        method: Method,
        path_and_query: &str,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
        expect: &str,
    ) {
        let key = Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        // The date of the known answers names a Monday a Friday, so it is given rather than formatted.
        let policy = SharedKeyPolicy::new("acct", &key, Clock::telling(|| DateTime::UNIX_EPOCH));
        let url = format!("https://acct.region.batch.azure.com{path_and_query}");
        let mut request = Request::new(url.parse().expect("an address"), method);
        request.insert_header(OCP_DATE, "Fri, 17 Feb 2025 00:00:00 GMT");
        headers.iter().for_each(|&(name, value)| request.insert_header(name, value));
        request.set_body(body);
        let mut mac = Hmac::<Sha256>::new_from_slice(&policy.key).expect("a key");
        mac.update(string_to_sign("acct", &request).as_bytes());
        assert_eq!(BASE64_STANDARD.encode(mac.finalize().into_bytes()), expect);
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
    fn a_request_is_dated_by_the_clock() {
        let policy = SharedKeyPolicy::new(
            "acct",
            &Secret::new("aGk="),
            Clock::telling(|| DateTime::UNIX_EPOCH),
        );
        let mut request = Request::new("http://h/jobs".parse().expect("an address"), Method::Get);
        policy.sign(&mut request);
        let date = request.headers().get_optional_str(&OCP_DATE);
        assert_eq!(date, Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    }
}
