//! The list of containers, and the metadata of a container.

use std::ops::Bound;

use super::{Container, Store, WriteOptions};
use crate::dto::content_headers::ContentHeaders;
use crate::dto::metadata::Metadata;
use crate::error::StorageError;
use crate::state::blob::BlockId;
use crate::state::conditions::Version;
use crate::state::lease::Leased;

/// The blocks of a blob with their lengths.
#[derive(Debug, Default)]
pub(crate) struct BlockLengths {
    /// The committed blocks in the order of the blob.
    pub(crate) committed: Vec<(BlockId, usize)>,
    /// The uncommitted blocks in the order of their ids.
    pub(crate) uncommitted: Vec<(BlockId, usize)>,
}

impl Store {
    /// Returns the containers whose names start with `prefix`, from `marker` on.
    pub(crate) fn containers<'s>(
        &'s self,
        prefix: &'s str,
        marker: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s Container)> {
        self.containers
            .range::<str, _>((Bound::Included(prefix.max(marker)), Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, container)| (name.as_str(), container))
    }

    /// Replaces the metadata of a container. Its lease is optional, and not affected.
    pub(crate) fn set_container_metadata(
        &mut self,
        name: &str,
        metadata: Metadata,
        options: &WriteOptions,
    ) -> Result<Version, StorageError> {
        let container = self.container(name)?;
        let lease_id = options.conditions.lease_id;
        container.lease.check_read(Leased::Container, lease_id, options.now)?;
        options.conditions.check_write(Some(&container.version))?;
        let version = self.next_version(options.now);
        let container = self.container_mut(name)?;
        (container.metadata, container.version) = (metadata, version.clone());
        Ok(version)
    }

    /// Replaces the headers that describe the content of a blob.
    pub(crate) fn set_properties(
        &mut self,
        container: &str,
        name: &str,
        headers: ContentHeaders,
        options: &WriteOptions,
    ) -> Result<Version, StorageError> {
        self.change_blob(container, name, options, |blob| {
            if !headers.is_empty() {
                blob.content.headers = headers;
            }
        })
    }
}

impl Container {
    /// Returns the blocks of a blob, or `None` if it has neither been written nor has blocks.
    pub(crate) fn block_lengths(&self, name: &str) -> Option<BlockLengths> {
        let (blob, blocks) = (self.blobs.get(name), self.uncommitted.get(name));
        if blob.is_none() && blocks.is_none() {
            return None;
        }
        let committed = blob.into_iter().flat_map(|blob| &blob.blocks);
        let uncommitted = blocks.into_iter().flatten();
        Some(BlockLengths {
            committed: committed.map(|(id, block)| (id.clone(), block.len())).collect(),
            uncommitted: uncommitted.map(|(id, block)| (id.clone(), block.len())).collect(),
        })
    }

    /// Returns the version and the length of a blob that has been written.
    pub(crate) fn written(&self, name: &str) -> Option<(&Version, usize)> {
        self.blobs.get(name).map(|blob| (&blob.version, blob.content.bytes.len()))
    }
}
