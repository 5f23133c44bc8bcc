//! Verification of a Shared Key signature, by "Authorize with Shared Key" of the REST reference.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use http::{HeaderMap, header};

use emulator_core::service::Request;

use super::ReceivedAt;
use crate::account::Account;
use crate::error::StorageError;
use crate::request::Query;
use crate::response::HttpDate;

/// The maximum age of a signed request, by "Authorize with Shared Key". A date in the future is held to it too,
/// because a caller whose clock is that wrong fails sooner or later.
const MAX_DATE_SKEW: TimeDelta = TimeDelta::minutes(15);

/// The headers that each have a line in the string to sign, in its order.
const SIGNED_HEADERS: [header::HeaderName; 11] = [
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

/// Verifies the credential of an `Authorization` header, `SharedKey <account>:<signature>`.
pub(super) fn verify(
    account: &Account,
    request: &Request,
    query: &Query<'_>,
    credential: &str,
    received: ReceivedAt,
) -> Result<(), StorageError> {
    let Some((signer, signature)) =
        credential.strip_prefix("SharedKey ").and_then(|rest| rest.split_once(':'))
    else {
        let scheme = credential.split(' ').next().unwrap_or_default();
        return Err(StorageError::unauthenticated(format!(
            "Authentication scheme {scheme} is not accepted over http"
        )));
    };
    check_date(request.headers(), received)?;
    if !request.headers().contains_key("x-ms-version") {
        // The service applies the oldest version, which signs other lines.
        let detail =
            "x-ms-version is not specified, and the string to sign of 2008-10-27 is not modelled";
        return Err(StorageError::unauthenticated(detail));
    }
    let text = string_to_sign(request, query, account.name());
    if signer == account.name() && account.verify(&text, signature) {
        return Ok(());
    }
    let escaped = text.replace('\n', "\\n");
    Err(StorageError::unauthenticated(format!(
        "The MAC signature found in the HTTP request is not the same as any computed signature. Server used following string to sign: '{escaped}'"
    )))
}

/// Checks the age of a request. A caller follows the emulators' clock or that of its machine.
fn check_date(headers: &HeaderMap, received: ReceivedAt) -> Result<(), StorageError> {
    let text = headers.get("x-ms-date").or_else(|| headers.get(header::DATE));
    let date = text.and_then(|text| HttpDate::parse(text.to_str().ok()?));
    let Some(HttpDate(date)) = date else {
        return Err(StorageError::unauthenticated("Request date header not specified"));
    };
    let is_close = |now| (now - MAX_DATE_SKEW..=now + MAX_DATE_SKEW).contains(&date);
    if is_close(received.clock) || is_close(received.machine) {
        return Ok(());
    }
    let skew = if date < received.clock { "too old" } else { "in the future" };
    let detail = format!("Request date header {skew}: '{}'", HttpDate(date));
    Err(StorageError::unauthenticated(detail))
}

fn string_to_sign(request: &Request, query: &Query<'_>, account: &str) -> String {
    let headers = request.headers();
    let mut text = format!("{}\n", request.method());
    for name in &SIGNED_HEADERS {
        text.push_str(signed_value(headers, name));
        text.push('\n');
    }
    push_canonical_headers(&mut text, headers);
    text.extend(["/", account, request.uri().path()]);
    push_canonical_query(&mut text, query);
    text
}

fn signed_value<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Since version 2015-02-21 a length of zero is signed as an empty line, and `x-ms-date` replaces `Date`.
    let unsigned = (name == header::CONTENT_LENGTH && value == "0")
        || (name == header::DATE && headers.contains_key("x-ms-date"));
    if unsigned { "" } else { value }
}

fn push_canonical_headers(text: &mut String, headers: &HeaderMap) {
    let mut names: Vec<&str> =
        headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-ms-")).collect();
    // The service sorts names linguistically: it ignores hyphens and sorts an underscore before digits and
    // letters. The official SDKs reproduce that order.
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
    fn the_string_to_sign_has_the_documented_format() {
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
        let text = string_to_sign(&request, &Query::parse(request.uri()), "acct");
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
