//! Containers and their blobs. Each write is checked against the current state.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::blob::{Blob, BlobContent, BlobKind, BlockId};
use super::conditions::{Conditions, Version};
use super::deletions::Deletions;
use super::lease::{Lease, Leased};
use crate::dto::metadata::Metadata;
use crate::error::StorageError;

mod administration;
mod append;
mod blocks;
mod leases;
mod listing;

pub(crate) use administration::BlockLengths;
pub(crate) use append::{AppendConditions, Appended};
pub(crate) use blocks::Source;
pub(crate) use listing::{ListEntry, ListOptions};

/// All containers of an account.
#[derive(Debug, Default)]
pub(crate) struct Store {
    containers: BTreeMap<String, Container>,
    deletions: Deletions,
    last_etag: u64,
}

/// A container with its blobs.
#[derive(Debug)]
pub(crate) struct Container {
    /// The version.
    pub(crate) version: Version,
    /// The caller's metadata.
    pub(crate) metadata: Metadata,
    lease: Lease,
    blobs: BTreeMap<String, Blob>,
    /// The leases by the name of their blob.
    leases: BTreeMap<String, Lease>,
    /// The uncommitted blocks by the name of their blob.
    uncommitted: BTreeMap<String, BTreeMap<BlockId, Bytes>>,
}

/// The conditions, permission and time of a write.
#[derive(Debug)]
pub(crate) struct WriteOptions {
    /// The conditional headers.
    pub(crate) conditions: Conditions,
    /// Whether the caller may overwrite an existing blob.
    pub(crate) may_overwrite: bool,
    /// The time of the write.
    pub(crate) now: DateTime<Utc>,
}

impl Store {
    /// Creates a container.
    pub(crate) fn create(
        &mut self,
        name: &str,
        metadata: Metadata,
        now: DateTime<Utc>,
    ) -> Result<Version, StorageError> {
        if self.containers.contains_key(name) {
            return Err(StorageError::CONTAINER_ALREADY_EXISTS);
        }
        if self.deletions.contain(name, now) {
            return Err(StorageError::CONTAINER_BEING_DELETED);
        }
        let version = self.next_version(now);
        let (lease, blobs, leases, uncommitted) = Default::default();
        let container =
            Container { version: version.clone(), metadata, lease, blobs, leases, uncommitted };
        self.containers.insert(name.to_owned(), container);
        Ok(version)
    }

    /// Deletes a container with its blobs.
    pub(crate) fn delete(
        &mut self,
        name: &str,
        conditions: &Conditions,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let container = self.container(name)?;
        container.lease.check_write(Leased::Container, conditions.lease_id, now)?;
        conditions.check_write(Some(&container.version))?;
        self.containers.remove(name);
        self.deletions.begin(name, now);
        Ok(())
    }

    /// Returns a container.
    pub(crate) fn container(&self, name: &str) -> Result<&Container, StorageError> {
        self.containers.get(name).ok_or(StorageError::CONTAINER_NOT_FOUND)
    }

    /// Returns the names of a container's blobs.
    pub(crate) fn names(&self, container: &str) -> Vec<String> {
        let blobs = self.containers.get(container).map(|container| container.blobs.keys());
        blobs.into_iter().flatten().cloned().collect()
    }

    /// Returns a blob whose version fulfils the conditions.
    pub(crate) fn read(
        &self,
        container: &str,
        name: &str,
        conditions: &Conditions,
        now: DateTime<Utc>,
    ) -> Result<&Blob, StorageError> {
        let container = self.container(container)?;
        container.check_blob_read(name, conditions, now)?;
        let blob = container.blobs.get(name);
        conditions.check_read(blob.map(|blob| &blob.version))?;
        blob.ok_or(StorageError::BLOB_NOT_FOUND)
    }

    /// Writes a blob as a whole.
    pub(crate) fn put(
        &mut self,
        container: &str,
        name: &str,
        kind: BlobKind,
        content: BlobContent,
        options: &WriteOptions,
    ) -> Result<Version, StorageError> {
        self.check_put(container, name, options)?;
        self.check_kind(container, name, kind)?;
        self.replace(container, name, kind, (content, Vec::new()), options.now)
    }

    /// Deletes a blob.
    pub(crate) fn delete_blob(
        &mut self,
        container: &str,
        name: &str,
        options: &WriteOptions,
    ) -> Result<(), StorageError> {
        self.check_change(container, name, options)?;
        let container = self.container_mut(container)?;
        container.blobs.remove(name);
        container.leases.remove(name);
        Ok(())
    }

    /// Replaces the metadata of a blob.
    pub(crate) fn set_metadata(
        &mut self,
        container: &str,
        name: &str,
        metadata: Metadata,
        options: &WriteOptions,
    ) -> Result<Version, StorageError> {
        self.change_blob(container, name, options, |blob| blob.content.metadata = metadata)
    }

    /// Changes a blob, if the conditions and its lease allow it, and returns its new version.
    pub(super) fn change_blob(
        &mut self,
        container: &str,
        name: &str,
        options: &WriteOptions,
        change: impl FnOnce(&mut Blob),
    ) -> Result<Version, StorageError> {
        self.check_change(container, name, options)?;
        let version = self.next_version(options.now);
        let container = self.container_mut(container)?;
        container.blob_was_written(name, options.now);
        let blob = container.blobs.get_mut(name).ok_or(StorageError::BLOB_NOT_FOUND)?;
        change(blob);
        blob.version = version.clone();
        Ok(version)
    }

    fn check_put(
        &self,
        container: &str,
        name: &str,
        options: &WriteOptions,
    ) -> Result<(), StorageError> {
        let container = self.container(container)?;
        // The service checks the lease first: https://github.com/Azure/Azurite/issues/2637
        container.check_blob_write(name, &options.conditions, options.now)?;
        let current = container.blobs.get(name);
        if current.is_some() && options.conditions.require_absence() {
            return Err(StorageError::BLOB_ALREADY_EXISTS);
        }
        options.conditions.check_write(current.map(|blob| &blob.version))?;
        if current.is_none() || options.may_overwrite {
            return Ok(());
        }
        Err(StorageError::AUTHORIZATION_PERMISSION_MISMATCH)
    }

    fn check_change(
        &self,
        container: &str,
        name: &str,
        options: &WriteOptions,
    ) -> Result<(), StorageError> {
        let container = self.container(container)?;
        container.check_blob_write(name, &options.conditions, options.now)?;
        let current = container.blobs.get(name);
        options.conditions.check_write(current.map(|blob| &blob.version))?;
        current.map(|_| ()).ok_or(StorageError::BLOB_NOT_FOUND)
    }

    fn replace(
        &mut self,
        container: &str,
        name: &str,
        kind: BlobKind,
        (content, blocks): (BlobContent, Vec<(BlockId, Bytes)>),
        now: DateTime<Utc>,
    ) -> Result<Version, StorageError> {
        let version = self.next_version(now);
        let container = self.container_mut(container)?;
        container.uncommitted.remove(name);
        container.blob_was_written(name, now);
        let created = container.blobs.get(name).map_or(now, |blob| blob.created);
        let blob = Blob { created, version: version.clone(), kind, blocks, content };
        container.blobs.insert(name.to_owned(), blob);
        Ok(version)
    }

    fn container_mut(&mut self, name: &str) -> Result<&mut Container, StorageError> {
        self.containers.get_mut(name).ok_or(StorageError::CONTAINER_NOT_FOUND)
    }

    /// Returns the version of a write. No two versions are equal, even while the clock is stopped.
    fn next_version(&mut self, now: DateTime<Utc>) -> Version {
        // The service counts units of 100 ns since the year 1.
        const UNITS_UNTIL_1970: u64 = 621_355_968_000_000_000;
        let micros = u64::try_from(now.timestamp_micros()).unwrap_or_default();
        self.last_etag = (UNITS_UNTIL_1970 + micros * 10).max(self.last_etag + 1);
        Version { etag: format!("0x{:X}", self.last_etag), modified: now }
    }
}

#[cfg(test)]
mod tests;
