//! Append blobs.
//!
//! <https://learn.microsoft.com/rest/api/storageservices/append-block>

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::{Container, Store, WriteOptions};
use crate::error::StorageError;
use crate::state::blob::BlobKind;
use crate::state::conditions::Version;

/// The maximum number of blocks of an append blob.
const MAX_BLOCKS: u32 = 50_000;

/// The conditions of Append Block alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AppendConditions {
    /// The length that the blob must have.
    pub(crate) position: Option<u64>,
    /// The length that the blob must not exceed, with the block.
    pub(crate) max_size: Option<u64>,
}

/// The result of an appended block.
#[derive(Debug)]
pub(crate) struct Appended {
    /// The new version of the blob.
    pub(crate) version: Version,
    /// The offset of the block.
    pub(crate) offset: u64,
    /// The number of blocks of the blob.
    pub(crate) blocks: u32,
}

impl Store {
    /// Checks that no blob is replaced by one of another type: what happens then is not documented.
    pub(super) fn check_kind(
        &self,
        container: &str,
        name: &str,
        kind: BlobKind,
    ) -> Result<(), StorageError> {
        let current = self.container(container)?.blobs.get(name).map(|blob| blob.kind.name());
        if current.is_none_or(|current| current == kind.name()) {
            return Ok(());
        }
        let message = "replacing a blob by one of another type is not modelled";
        Err(StorageError::from_status(StatusCode::NOT_IMPLEMENTED, message))
    }

    /// Appends a block to an append blob.
    pub(crate) fn append(
        &mut self,
        container: &str,
        name: &str,
        block: &Bytes,
        conditions: AppendConditions,
        options: &WriteOptions,
    ) -> Result<Appended, StorageError> {
        self.check_change(container, name, options)?;
        let blob =
            self.container(container)?.blobs.get(name).ok_or(StorageError::BLOB_NOT_FOUND)?;
        let BlobKind::Append { blocks } = blob.kind else {
            return Err(StorageError::INVALID_BLOB_TYPE);
        };
        let offset = blob.content.bytes.len() as u64;
        let length = offset + block.len() as u64;
        if conditions.position.is_some_and(|position| position != offset) {
            return Err(StorageError::APPEND_POSITION_CONDITION_NOT_MET);
        }
        if conditions.max_size.is_some_and(|max| length > max) {
            return Err(StorageError::MAX_BLOB_SIZE_CONDITION_NOT_MET);
        }
        if blocks >= MAX_BLOCKS {
            return Err(StorageError::BLOCK_COUNT_EXCEEDS_LIMIT);
        }
        let blocks = blocks + 1;
        let version = self.change_blob(container, name, options, |blob| {
            let mut bytes = BytesMut::from(&*blob.content.bytes);
            bytes.extend_from_slice(block);
            blob.content.bytes = bytes.freeze();
            blob.kind = BlobKind::Append { blocks };
        })?;
        Ok(Appended { version, offset, blocks })
    }
}

impl Container {
    /// Checks that a blob, if it exists, is a block blob.
    pub(crate) fn check_block_blob(&self, name: &str) -> Result<(), StorageError> {
        match self.blobs.get(name).map(|blob| blob.kind) {
            None | Some(BlobKind::Block) => Ok(()),
            Some(BlobKind::Append { .. }) => Err(StorageError::INVALID_BLOB_TYPE),
        }
    }
}
