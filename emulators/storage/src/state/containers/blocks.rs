//! Uncommitted blocks, and blobs committed from blocks.

use bytes::{Bytes, BytesMut};

use super::{Container, Store, WriteOptions};
use crate::error::StorageError;
use crate::state::blob::{BlobContent, BlobKind, BlockId};
use crate::state::conditions::Version;

/// The place from which Put Block List takes a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// The committed blocks of the blob.
    Committed,
    /// The uncommitted blocks.
    Uncommitted,
    /// The uncommitted blocks, otherwise the committed ones.
    Latest,
}

impl Store {
    /// Adds an uncommitted block.
    pub(crate) fn put_block(
        &mut self,
        container: &str,
        name: &str,
        id: &str,
        content: Bytes,
        options: &WriteOptions,
    ) -> Result<(), StorageError> {
        let container = self.container_mut(container)?;
        container.check_blob_write(name, &options.conditions, options.now)?;
        container.check_block_blob(name)?;
        let blocks = container.uncommitted.entry(name.to_owned()).or_default();
        if blocks.keys().any(|other| other.len() != id.len()) {
            return Err(StorageError::INVALID_BLOB_OR_BLOCK);
        }
        blocks.insert(id.to_owned(), content);
        Ok(())
    }

    /// Writes a blob from blocks; uncommitted blocks that are not in the list are discarded.
    pub(crate) fn commit(
        &mut self,
        container: &str,
        name: &str,
        list: &[(Source, BlockId)],
        mut content: BlobContent,
        options: &WriteOptions,
    ) -> Result<Version, StorageError> {
        self.check_put(container, name, options)?;
        self.container(container)?.check_block_blob(name)?;
        let blocks = self.container(container)?.select_blocks(name, list)?;
        let mut bytes = BytesMut::new();
        blocks.iter().for_each(|(_, block)| bytes.extend_from_slice(block));
        content.bytes = bytes.freeze();
        self.replace(container, name, BlobKind::Block, (content, blocks), options.now)
    }
}

impl Container {
    fn select_blocks(
        &self,
        name: &str,
        list: &[(Source, BlockId)],
    ) -> Result<Vec<(BlockId, Bytes)>, StorageError> {
        let uncommitted = |id: &BlockId| self.uncommitted.get(name)?.get(id);
        let committed = |id: &BlockId| {
            let mut blocks = self.blobs.get(name)?.blocks.iter();
            blocks.find(|(other, _)| other == id).map(|(_, block)| block)
        };
        let block = |(source, id): &(Source, BlockId)| {
            let block = match source {
                Source::Committed => committed(id),
                Source::Uncommitted => uncommitted(id),
                Source::Latest => uncommitted(id).or_else(|| committed(id)),
            };
            Ok((id.clone(), block.ok_or(StorageError::INVALID_BLOCK_LIST)?.clone()))
        };
        list.iter().map(block).collect()
    }
}
