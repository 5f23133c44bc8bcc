//! Shapes the XML of the blob service.

use http::header::{self, HeaderName};
use serde::{Deserialize, Serialize};

use super::blob::{Blob, BlockId};
use super::store::{Listed, Source};
use crate::exchange::HttpDate;
use crate::metadata::Metadata;

/// The body of Put Block List.
#[derive(Debug, Deserialize)]
pub(super) struct BlockList {
    #[serde(rename = "$value", default)]
    blocks: Vec<BlockEntry>,
}

#[derive(Debug, Deserialize)]
enum BlockEntry {
    Committed(BlockId),
    Uncommitted(BlockId),
    Latest(BlockId),
}

impl BlockList {
    /// Reads the blocks in their order.
    pub(super) fn into_blocks(self) -> Vec<(Source, BlockId)> {
        let block = |entry| match entry {
            BlockEntry::Committed(id) => (Source::Committed, id),
            BlockEntry::Uncommitted(id) => (Source::Uncommitted, id),
            BlockEntry::Latest(id) => (Source::Latest, id),
        };
        self.blocks.into_iter().map(block).collect()
    }
}

/// The body of List Blobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BlobEnumeration<'a> {
    #[serde(rename = "@ServiceEndpoint")]
    pub(super) service_endpoint: String,
    #[serde(rename = "@ContainerName")]
    pub(super) container_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delimiter: Option<&'a str>,
    pub(super) blobs: BlobItems<'a>,
    pub(super) next_marker: Option<&'a str>,
}

/// The entries of one page.
#[derive(Debug, Serialize)]
pub(super) struct BlobItems<'a> {
    #[serde(rename = "$value")]
    pub(super) entries: Vec<BlobEntry<'a>>,
}

/// An entry of a page.
#[derive(Debug, Serialize)]
pub(super) enum BlobEntry<'a> {
    /// A blob.
    Blob(Box<BlobItem<'a>>),
    /// Blobs folded into one entry.
    BlobPrefix(BlobPrefix<'a>),
}

/// The beginning that folded names share.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BlobPrefix<'a> {
    name: &'a str,
}

/// A blob in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BlobItem<'a> {
    name: &'a str,
    properties: Properties<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
}

/// What a list says about a blob.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Properties<'a> {
    #[serde(rename = "Creation-Time")]
    creation_time: HttpDate,
    #[serde(rename = "Last-Modified")]
    last_modified: HttpDate,
    etag: &'a str,
    #[serde(rename = "Content-Length")]
    content_length: usize,
    #[serde(rename = "Content-Type")]
    content_type: &'a str,
    #[serde(rename = "Content-Encoding")]
    content_encoding: Option<&'a str>,
    #[serde(rename = "Content-Language")]
    content_language: Option<&'a str>,
    #[serde(rename = "Content-MD5")]
    content_md5: Option<&'a str>,
    #[serde(rename = "Content-Disposition")]
    content_disposition: Option<&'a str>,
    #[serde(rename = "Cache-Control")]
    cache_control: Option<&'a str>,
    blob_type: &'static str,
    access_tier: &'static str,
    access_tier_inferred: bool,
    lease_status: &'static str,
    lease_state: &'static str,
    server_encrypted: bool,
}

impl<'a> BlobEntry<'a> {
    /// Shows an entry, a blob with its metadata where that was asked for.
    pub(super) fn of(listed: &Listed<'a>, with_metadata: bool) -> Self {
        match *listed {
            Listed::Prefix(name) => Self::BlobPrefix(BlobPrefix { name }),
            Listed::Blob(name, blob) => Self::Blob(Box::new(BlobItem {
                name,
                properties: Properties::of(blob),
                metadata: Some(&blob.draft.metadata).filter(|all| with_metadata && !all.is_empty()),
            })),
        }
    }
}

impl<'a> Properties<'a> {
    fn of(blob: &'a Blob) -> Self {
        let told = |name: HeaderName| blob.draft.description.get(&name)?.to_str().ok();
        Self {
            creation_time: HttpDate(blob.created),
            last_modified: HttpDate(blob.stamp.modified),
            etag: &blob.stamp.etag,
            content_length: blob.draft.content.len(),
            content_type: told(header::CONTENT_TYPE).unwrap_or("application/octet-stream"),
            content_encoding: told(header::CONTENT_ENCODING),
            content_language: told(header::CONTENT_LANGUAGE),
            content_md5: told(HeaderName::from_static("content-md5")),
            content_disposition: told(header::CONTENT_DISPOSITION),
            cache_control: told(header::CACHE_CONTROL),
            blob_type: "BlockBlob",
            access_tier: "Hot",
            access_tier_inferred: true,
            lease_status: "unlocked",
            lease_state: "available",
            server_encrypted: true,
        }
    }
}
