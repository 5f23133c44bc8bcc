//! The XML of the blob service.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderName};
use serde::Serialize;

use super::metadata::Metadata;
use super::xml_document::Element;
use crate::error::StorageError;
use crate::response::HttpDate;
use crate::state::blob::{Blob, BlobKind, BlockId};
use crate::state::containers::{BlockLengths, ListEntry, Source};
use crate::state::lease::LeaseProperties;

/// The maximum length of a block id before base64.
const MAX_BLOCK_ID_BYTES: usize = 64;
/// The maximum number of blocks of a blob.
const MAX_BLOCKS: usize = 50_000;

/// Parses the body of Put Block List: the blocks in their order.
pub(crate) fn parse_block_list(body: &[u8]) -> Result<Vec<(Source, BlockId)>, StorageError> {
    let root = Element::parse(body).filter(|root| root.name == "BlockList");
    let root = root.ok_or(StorageError::INVALID_XML_DOCUMENT)?;
    if root.children.len() > MAX_BLOCKS {
        return Err(StorageError::BLOCK_LIST_TOO_LONG);
    }
    root.children.into_iter().map(listed_block).collect()
}

fn listed_block(entry: Element) -> Result<(Source, BlockId), StorageError> {
    let source = match entry.name.as_str() {
        "Committed" => Source::Committed,
        "Uncommitted" => Source::Uncommitted,
        "Latest" => Source::Latest,
        _ => {
            return Err(StorageError::UNSUPPORTED_XML_NODE.with_detail("XmlNodeName", entry.name));
        }
    };
    check_block_id(&entry.text)?;
    Ok((source, entry.text))
}

/// Checks a block id: base64 of at most 64 bytes.
pub(crate) fn check_block_id(id: &str) -> Result<(), StorageError> {
    let decoded = STANDARD.decode(id);
    if decoded.is_ok_and(|id| (1..=MAX_BLOCK_ID_BYTES).contains(&id.len())) {
        return Ok(());
    }
    Err(StorageError::INVALID_BLOCK_ID)
}

/// The body of Get Block List.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BlockLengthList<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    committed_blocks: Option<BlockItems<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncommitted_blocks: Option<BlockItems<'a>>,
}

#[derive(Debug, Serialize)]
struct BlockItems<'a> {
    #[serde(rename = "Block")]
    blocks: Vec<BlockItem<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BlockItem<'a> {
    name: &'a str,
    size: usize,
}

impl<'a> BlockLengthList<'a> {
    /// Creates the body with the requested blocks.
    pub(crate) fn new(lengths: &'a BlockLengths, committed: bool, uncommitted: bool) -> Self {
        let items = |blocks: &'a [(BlockId, usize)]| {
            let item = |(name, size): &'a (BlockId, usize)| BlockItem { name, size: *size };
            BlockItems { blocks: blocks.iter().map(item).collect() }
        };
        Self {
            committed_blocks: committed.then(|| items(&lengths.committed)),
            uncommitted_blocks: uncommitted.then(|| items(&lengths.uncommitted)),
        }
    }
}

/// The body of List Blobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BlobEnumeration<'a> {
    #[serde(rename = "@ServiceEndpoint")]
    pub(crate) service_endpoint: String,
    #[serde(rename = "@ContainerName")]
    pub(crate) container_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_results: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delimiter: Option<&'a str>,
    pub(crate) blobs: BlobItems<'a>,
    pub(crate) next_marker: Option<&'a str>,
}

/// The entries of one page.
#[derive(Debug, Serialize)]
pub(crate) struct BlobItems<'a> {
    #[serde(rename = "$value")]
    pub(crate) entries: Vec<BlobEntry<'a>>,
}

/// An entry of a page.
#[derive(Debug, Serialize)]
pub(crate) enum BlobEntry<'a> {
    /// A blob.
    Blob(Box<BlobItem<'a>>),
    /// Blobs with a common prefix.
    BlobPrefix(BlobPrefix<'a>),
}

/// The common prefix of several blobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BlobPrefix<'a> {
    name: &'a str,
}

/// A blob in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BlobItem<'a> {
    name: &'a str,
    properties: Properties<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
}

/// The properties of a blob in a list.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    access_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_tier_inferred: Option<bool>,
    lease_status: &'static str,
    lease_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_duration: Option<&'static str>,
    server_encrypted: bool,
}

impl<'a> BlobEntry<'a> {
    /// Converts an entry; a blob has its metadata if `with_metadata` is set.
    pub(crate) fn new(entry: &ListEntry<'a>, with_metadata: bool) -> Self {
        match *entry {
            ListEntry::Prefix(name) => Self::BlobPrefix(BlobPrefix { name }),
            ListEntry::Blob(name, blob, lease) => Self::Blob(Box::new(BlobItem {
                name,
                properties: Properties::new(blob, lease),
                metadata: Some(&blob.content.metadata)
                    .filter(|metadata| with_metadata && !metadata.is_empty()),
            })),
        }
    }
}

impl<'a> Properties<'a> {
    fn new(blob: &'a Blob, lease: LeaseProperties) -> Self {
        let header = |name: HeaderName| blob.content.headers.get(&name)?.to_str().ok();
        let has_tier = blob.kind == BlobKind::Block;
        Self {
            creation_time: HttpDate(blob.created),
            last_modified: HttpDate(blob.version.modified),
            etag: &blob.version.etag,
            content_length: blob.content.bytes.len(),
            content_type: header(header::CONTENT_TYPE).unwrap_or("application/octet-stream"),
            content_encoding: header(header::CONTENT_ENCODING),
            content_language: header(header::CONTENT_LANGUAGE),
            content_md5: header(HeaderName::from_static("content-md5")),
            content_disposition: header(header::CONTENT_DISPOSITION),
            cache_control: header(header::CACHE_CONTROL),
            blob_type: blob.kind.name(),
            access_tier: has_tier.then_some("Hot"),
            access_tier_inferred: has_tier.then_some(true),
            lease_status: lease.status,
            lease_state: lease.state,
            lease_duration: lease.duration,
            server_encrypted: true,
        }
    }
}
