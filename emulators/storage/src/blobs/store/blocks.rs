//! Keeps blocks until they are committed, and makes blobs of them.

use bytes::{Bytes, BytesMut};

use super::{Container, Store, Terms};
use crate::blobs::blob::{BlockId, Draft};
use crate::blobs::conditions::Stamp;
use crate::failure::Failure;

/// Where a committed block comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::blobs) enum Source {
    /// The blob as it is.
    Committed,
    /// The blocks put since.
    Uncommitted,
    /// The blocks put since, else the blob as it is.
    Latest,
}

impl Store {
    /// Puts a block that waits to be committed.
    pub(in crate::blobs) fn put_block(
        &mut self,
        container: &str,
        name: &str,
        id: &str,
        content: Bytes,
    ) -> Result<(), Failure> {
        let container = self.container_mut(container)?;
        let blocks = container.uncommitted.entry(name.to_owned()).or_default();
        if blocks.keys().any(|other| other.len() != id.len()) {
            return Err(Failure::INVALID_BLOB_OR_BLOCK);
        }
        blocks.insert(id.to_owned(), content);
        Ok(())
    }

    /// Makes a blob of blocks; what was put and is not named is discarded.
    pub(in crate::blobs) fn commit(
        &mut self,
        container: &str,
        name: &str,
        list: &[(Source, BlockId)],
        mut draft: Draft,
        terms: &Terms,
    ) -> Result<Stamp, Failure> {
        self.judge_put(container, name, terms)?;
        let blocks = self.container(container)?.gather(name, list)?;
        let mut content = BytesMut::new();
        blocks.iter().for_each(|(_, block)| content.extend_from_slice(block));
        draft.content = content.freeze();
        self.replace(container, name, draft, blocks, terms.now)
    }
}

impl Container {
    fn gather(
        &self,
        name: &str,
        list: &[(Source, BlockId)],
    ) -> Result<Vec<(BlockId, Bytes)>, Failure> {
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
            Ok((id.clone(), block.ok_or(Failure::INVALID_BLOCK_LIST)?.clone()))
        };
        list.iter().map(block).collect()
    }
}
