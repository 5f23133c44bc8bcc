//! The query parameters and headers that are modelled; a request with any other is answered with 501.

use emulator_core::service::Request;

use crate::request::Query;

const PARAMETERS: &[&str] = &[
    "blockid",
    "blocklisttype",
    "comp",
    "delimiter",
    "include",
    "marker",
    "maxresults",
    "messagettl",
    "numofmessages",
    "peekonly",
    "popreceipt",
    "prefix",
    "restype",
    "timeout",
    "visibilitytimeout",
    // The fields of an account SAS.
    "se",
    "ses",
    "sig",
    "sip",
    "sp",
    "spr",
    "srt",
    "ss",
    "st",
    "sv",
];

const HEADERS: &[&str] = &[
    "x-ms-blob-cache-control",
    "x-ms-blob-content-disposition",
    "x-ms-blob-content-encoding",
    "x-ms-blob-content-language",
    "x-ms-blob-content-md5",
    "x-ms-blob-condition-appendpos",
    "x-ms-blob-condition-maxsize",
    "x-ms-blob-content-type",
    "x-ms-blob-type",
    "x-ms-client-request-id",
    "x-ms-content-crc64",
    "x-ms-date",
    "x-ms-lease-action",
    "x-ms-lease-break-period",
    "x-ms-lease-duration",
    "x-ms-lease-id",
    // The Python SDK sends the metadata a second time, under their prefix.
    "x-ms-meta",
    "x-ms-proposed-lease-id",
    "x-ms-range",
    "x-ms-range-get-content-md5",
    "x-ms-return-client-request-id",
    "x-ms-useragent",
    "x-ms-version",
];

/// Returns whether all parameters and headers of a request are modelled.
pub(super) fn is_modelled(request: &Request, query: &Query<'_>) -> bool {
    let headers = request.headers();
    query.names().all(|name| PARAMETERS.contains(&name))
        && headers.keys().all(|name| header_is_modelled(name.as_str()))
        // Snapshots are not modelled. Deleting a blob together with its snapshots is, because there are none.
        && headers.get("x-ms-delete-snapshots").is_none_or(|value| value == "include")
}

fn header_is_modelled(name: &str) -> bool {
    match name.strip_prefix("x-ms-") {
        Some(rest) => {
            rest.starts_with("meta-") || rest == "delete-snapshots" || HEADERS.contains(&name)
        }
        None => true,
    }
}
