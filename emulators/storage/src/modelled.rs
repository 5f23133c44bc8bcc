//! Knows the parameters and headers that are modelled; a request with another asks for more.

use super::address::Query;
use emulator_core::service::Request;

const PARAMETERS: &[&str] = &[
    "blockid",
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
    "x-ms-blob-content-type",
    "x-ms-blob-type",
    "x-ms-client-request-id",
    "x-ms-date",
    // The Python SDK sends the metadata a second time, under their prefix.
    "x-ms-meta",
    "x-ms-range",
    "x-ms-return-client-request-id",
    "x-ms-useragent",
    "x-ms-version",
];

/// Tells whether a request asks for nothing but what is modelled.
pub(super) fn is_modelled(request: &Request, query: &Query<'_>) -> bool {
    let headers = request.headers();
    query.iter().all(|(name, _)| PARAMETERS.contains(&name))
        && headers.keys().all(|name| header_is_modelled(name.as_str()))
        // There are no snapshots here, so to delete them along is modelled; to delete them alone is not.
        && headers.get("x-ms-delete-snapshots").is_none_or(|which| which == "include")
}

fn header_is_modelled(name: &str) -> bool {
    match name.strip_prefix("x-ms-") {
        Some(rest) => {
            rest.starts_with("meta-") || rest == "delete-snapshots" || HEADERS.contains(&name)
        }
        // Without a hash function for it, a transactional check cannot be kept.
        None => name != "content-md5",
    }
}
