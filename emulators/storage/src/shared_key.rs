//! Checks a Shared Key signature, by "Authorize with Shared Key" of the REST reference.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

use emulator_core::service::Request;

use super::account::Account;
use super::address::Query;
use super::authorization::unproved;
use super::failure::Failure;

/// The signed headers that have a line of their own, in their order.
const SIGNED: [header::HeaderName; 11] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::HeaderName::from_static("content-md5"),
    header::CONTENT_TYPE,
    header::DATE,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];

/// Checks the credential of an `Authorization` header, `SharedKey <account>:<signature>`.
pub(super) fn check(
    account: &Account,
    request: &Request,
    query: &Query<'_>,
    credential: &str,
) -> Result<(), Failure> {
    let Some((signer, signature)) =
        credential.strip_prefix("SharedKey ").and_then(|rest| rest.split_once(':'))
    else {
        let scheme = credential.split(' ').next().unwrap_or_default();
        return Err(unproved(format!("Authentication scheme {scheme} is not accepted over http")));
    };
    let text = string_to_sign(request, query, account.name());
    if signer == account.name() && account.signed(&text, signature) {
        return Ok(());
    }
    let shown = text.replace('\n', "\\n");
    Err(unproved(format!(
        "The MAC signature found in the HTTP request is not the same as any computed signature. Server used following string to sign: '{shown}'"
    )))
}

fn string_to_sign(request: &Request, query: &Query<'_>, account: &str) -> String {
    let headers = request.headers();
    let mut text = format!("{}\n", request.method());
    for name in &SIGNED {
        text.push_str(line_of(headers, name));
        text.push('\n');
    }
    push_canonical_headers(&mut text, headers);
    text.extend(["/", account, request.uri().path()]);
    push_canonical_query(&mut text, query);
    text
}

fn line_of<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Since version 2015-02-21 a length of zero is signed as nothing; `x-ms-date` stands for `Date`.
    let unsigned = (name == header::CONTENT_LENGTH && value == "0")
        || (name == header::DATE && headers.contains_key("x-ms-date"));
    if unsigned { "" } else { value }
}

fn push_canonical_headers(text: &mut String, headers: &HeaderMap) {
    let mut names: Vec<&str> =
        headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-ms-")).collect();
    // The service compares names as words: hyphens do not count, and an underscore comes before
    // digits and letters. The official SDKs reproduce that order.
    names.sort_by_key(|name| name.replace('-', "").replace('_', "!"));
    for name in names {
        let values = headers.get_all(name).into_iter();
        let values: Vec<_> =
            values.filter_map(|value| value.to_str().ok()).map(str::trim).collect();
        text.extend([name, ":", &values.join(","), "\n"]);
    }
}

fn push_canonical_query(text: &mut String, query: &Query<'_>) {
    let mut parameters = BTreeMap::<String, Vec<&str>>::new();
    for (name, value) in query.iter() {
        parameters.entry(name.to_lowercase()).or_default().push(value);
    }
    for (name, mut values) in parameters {
        values.sort_unstable();
        text.extend(["\n", &name, ":", &values.join(",")]);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_string_to_sign_is_the_documented_one() {
        let request = http::Request::builder()
            .method("PUT")
            .uri("/acct/state/a%20b?timeout=20&comp=metadata&Comp=list")
            .header("content-length", "0")
            .header("if-none-match", "*")
            .header("date", "Sat, 21 Nov 2026 10:00:00 GMT")
            .header("x-ms-version", "2026-04-06")
            .header("x-ms-date", "Sat, 21 Nov 2026 10:00:00 GMT")
            .header("x-ms-meta-a1", " spaced ")
            .header("x-ms-meta-a_b", "under")
            .body(Bytes::new())
            .unwrap();
        let text = string_to_sign(&request, &Query::of(request.uri()), "acct");
        assert_snapshot!(text, @r"
        PUT








        *


        x-ms-date:Sat, 21 Nov 2026 10:00:00 GMT
        x-ms-meta-a_b:under
        x-ms-meta-a1:spaced
        x-ms-version:2026-04-06
        /acct/acct/state/a%20b
        comp:list,metadata
        timeout:20
        ");
    }
}
