//! The headers that describe a blob or container to its reader.

use http::header;
use http::{HeaderMap, HeaderValue};

use super::lease_headers::insert_lease;
use super::metadata::insert_metadata;
use crate::response::{HttpDate, insert_text};
use crate::state::blob::{Blob, BlobKind};
use crate::state::conditions::Version;
use crate::state::lease::LeaseProperties;

/// Inserts the properties of a blob.
pub(crate) fn insert_properties(headers: &mut HeaderMap, blob: &Blob, lease: LeaseProperties) {
    let default_type = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, default_type);
    blob.content.headers.insert_into(headers);
    insert_metadata(headers, &blob.content.metadata);
    insert_version(headers, &blob.version);
    insert_lease(headers, lease);
    insert_text(headers, "x-ms-creation-time", &HttpDate(blob.created));
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("x-ms-blob-type", blob.kind.name()),
        ("x-ms-server-encrypted", "true"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let BlobKind::Append { blocks } = blob.kind {
        insert_text(headers, "x-ms-blob-committed-block-count", &blocks);
    }
}

/// Inserts the access tier, which Get Blob Properties has and Get Blob has not. An append blob has none.
pub(crate) fn insert_access_tier(headers: &mut HeaderMap, kind: BlobKind) {
    if kind != BlobKind::Block {
        return;
    }
    headers.insert("x-ms-access-tier", HeaderValue::from_static("Hot"));
    headers.insert("x-ms-access-tier-inferred", HeaderValue::from_static("true"));
}

/// Inserts the version of a blob or container.
pub(crate) fn insert_version(headers: &mut HeaderMap, version: &Version) {
    insert_text(headers, "etag", &format_args!("\"{}\"", version.etag));
    insert_text(headers, "last-modified", &HttpDate(version.modified));
}
