//! Holds a block blob: its content, the blocks it was made of, and what a reader is told about it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

use super::conditions::Stamp;
use crate::exchange::{HttpDate, insert_text};
use crate::metadata::{Metadata, insert_metadata};

/// A block's name: base64, as the caller wrote it.
pub(super) type BlockId = String;

/// A block blob that can be read.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    /// When a blob of this name was first written since it was last deleted.
    pub(super) created: DateTime<Utc>,
    /// Its version.
    pub(super) stamp: Stamp,
    /// The committed blocks; none where it was put in one piece.
    pub(super) blocks: Vec<(BlockId, Bytes)>,
    /// What was put.
    pub(super) draft: Draft,
}

/// What a caller puts as a blob.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// The bytes.
    pub(super) content: Bytes,
    /// How HTTP describes them.
    pub(super) description: Description,
    /// What the caller attached.
    pub(super) metadata: Metadata,
}

/// The headers that describe the content; the caller sets them as `x-ms-blob-…`.
#[derive(Clone, Debug, Default)]
pub(super) struct Description(Vec<(HeaderName, HeaderValue)>);

const DESCRIBING: [(&str, HeaderName); 6] = [
    ("x-ms-blob-content-type", header::CONTENT_TYPE),
    ("x-ms-blob-content-encoding", header::CONTENT_ENCODING),
    ("x-ms-blob-content-language", header::CONTENT_LANGUAGE),
    ("x-ms-blob-content-disposition", header::CONTENT_DISPOSITION),
    ("x-ms-blob-cache-control", header::CACHE_CONTROL),
    ("x-ms-blob-content-md5", HeaderName::from_static("content-md5")),
];

impl Description {
    /// Reads what Put Block List says of the whole.
    pub(super) fn of_list(headers: &HeaderMap) -> Self {
        Self::told(|asked, _| headers.get(asked))
    }

    /// Reads what Put Blob says; where nothing is said, the headers of the request itself count.
    pub(super) fn of_blob(headers: &HeaderMap) -> Self {
        Self::told(|asked, plain| headers.get(asked).or_else(|| headers.get(plain)))
    }

    fn told<'a>(find: impl Fn(&str, &HeaderName) -> Option<&'a HeaderValue>) -> Self {
        let tell = |(asked, plain): &(&str, HeaderName)| {
            Some((plain.clone(), find(asked, plain)?.clone()))
        };
        Self(DESCRIBING.iter().filter_map(tell).collect())
    }

    /// Finds one of the headers.
    pub(super) fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl Blob {
    /// Writes the headers that describe the blob to a reader.
    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        let unknown = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, unknown);
        for (name, value) in &self.draft.description.0 {
            headers.insert(name, value.clone());
        }
        insert_metadata(headers, &self.draft.metadata);
        insert_stamp(headers, &self.stamp);
        insert_text(headers, "x-ms-creation-time", &HttpDate(self.created));
        for (name, value) in [
            ("accept-ranges", "bytes"),
            ("x-ms-access-tier", "Hot"),
            ("x-ms-access-tier-inferred", "true"),
            ("x-ms-blob-type", "BlockBlob"),
            ("x-ms-lease-state", "available"),
            ("x-ms-lease-status", "unlocked"),
            ("x-ms-server-encrypted", "true"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Writes the version of a resource.
pub(super) fn insert_stamp(headers: &mut HeaderMap, stamp: &Stamp) {
    insert_text(headers, "etag", &format_args!("\"{}\"", stamp.etag));
    insert_text(headers, "last-modified", &HttpDate(stamp.modified));
}
