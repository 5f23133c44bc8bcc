//! A block blob: its content, and the blocks of which it was made.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::conditions::Version;
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::Metadata;

/// A block id: base64, as the caller wrote it.
pub(crate) type BlockId = String;

/// A committed block blob.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// The time at which a blob of this name was first written since it was last deleted.
    pub(crate) created: DateTime<Utc>,
    /// The version.
    pub(crate) version: Version,
    /// The committed blocks; none if the blob was uploaded by Put Blob.
    pub(crate) blocks: Vec<(BlockId, Bytes)>,
    /// The uploaded content.
    pub(crate) content: BlobContent,
}

/// The content of a blob as uploaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlobContent {
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// The headers that describe the bytes.
    pub(crate) headers: ContentHeaders,
    /// The caller's metadata.
    pub(crate) metadata: Metadata,
}
