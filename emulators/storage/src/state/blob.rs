//! A blob: its content, and the blocks of which it was made.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::conditions::Version;
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::Metadata;

/// A block id: base64, as the caller wrote it.
pub(crate) type BlockId = String;

/// The type of a blob, which never changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BlobKind {
    /// A block blob.
    Block,
    /// An append blob.
    Append {
        /// The number of its committed blocks.
        blocks: u32,
    },
}

impl BlobKind {
    /// Returns its name in headers and lists.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Block => "BlockBlob",
            Self::Append { .. } => "AppendBlob",
        }
    }
}

/// A committed blob.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// The time at which a blob of this name was first written since it was last deleted.
    pub(crate) created: DateTime<Utc>,
    /// The version.
    pub(crate) version: Version,
    /// Its type.
    pub(crate) kind: BlobKind,
    /// The committed blocks of a block blob; none if the blob was uploaded by Put Blob.
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
