//! Keeps containers and blobs, and decides every write by what is there at that moment.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::blob::{Blob, BlockId, Draft};
use super::conditions::{Conditions, Stamp};
use crate::failure::Failure;
use crate::metadata::Metadata;

mod blocks;
mod listing;

pub(super) use blocks::Source;
pub(super) use listing::{Listed, Wanted};

/// All containers of an account.
#[derive(Debug, Default)]
pub(super) struct Store {
    containers: BTreeMap<String, Container>,
    last_tag: u64,
}

/// A container.
#[derive(Debug)]
pub(super) struct Container {
    /// Its version.
    pub(super) stamp: Stamp,
    /// What the caller attached to it.
    pub(super) metadata: Metadata,
    blobs: BTreeMap<String, Blob>,
    /// The blocks that wait to be committed, by the name of their blob.
    uncommitted: BTreeMap<String, BTreeMap<BlockId, Bytes>>,
}

/// Under what circumstances a blob is written.
#[derive(Debug)]
pub(super) struct Terms {
    /// The request's conditions.
    pub(super) conditions: Conditions,
    /// Whether the caller may replace a blob that is there.
    pub(super) may_replace: bool,
    /// The time.
    pub(super) now: DateTime<Utc>,
}

impl Store {
    /// Creates a container.
    pub(super) fn create(
        &mut self,
        name: &str,
        metadata: Metadata,
        now: DateTime<Utc>,
    ) -> Result<Stamp, Failure> {
        if self.containers.contains_key(name) {
            return Err(Failure::CONTAINER_ALREADY_EXISTS);
        }
        let stamp = self.stamp(now);
        let (blobs, uncommitted) = Default::default();
        let container = Container { stamp: stamp.clone(), metadata, blobs, uncommitted };
        self.containers.insert(name.to_owned(), container);
        Ok(stamp)
    }

    /// Deletes a container with all that is in it.
    pub(super) fn delete(&mut self, name: &str, conditions: &Conditions) -> Result<(), Failure> {
        conditions.judge_write(Some(&self.container(name)?.stamp))?;
        self.containers.remove(name);
        Ok(())
    }

    /// Finds a container.
    pub(super) fn container(&self, name: &str) -> Result<&Container, Failure> {
        self.containers.get(name).ok_or(Failure::CONTAINER_NOT_FOUND)
    }

    /// Lists the names of a container's blobs.
    pub(super) fn names(&self, container: &str) -> Vec<String> {
        let blobs = self.containers.get(container).map(|container| container.blobs.keys());
        blobs.into_iter().flatten().cloned().collect()
    }

    /// Reads a blob whose version meets the conditions.
    pub(super) fn read(
        &self,
        container: &str,
        name: &str,
        conditions: &Conditions,
    ) -> Result<&Blob, Failure> {
        let blob = self.container(container)?.blobs.get(name);
        conditions.judge_read(blob.map(|blob| &blob.stamp))?;
        blob.ok_or(Failure::BLOB_NOT_FOUND)
    }

    /// Writes a blob in one piece.
    pub(super) fn put(
        &mut self,
        container: &str,
        name: &str,
        draft: Draft,
        terms: &Terms,
    ) -> Result<Stamp, Failure> {
        self.judge_put(container, name, terms)?;
        self.replace(container, name, draft, Vec::new(), terms.now)
    }

    /// Deletes a blob.
    pub(super) fn delete_blob(
        &mut self,
        container: &str,
        name: &str,
        conditions: &Conditions,
    ) -> Result<(), Failure> {
        self.judge_change(container, name, conditions)?;
        self.container_mut(container)?.blobs.remove(name);
        Ok(())
    }

    /// Replaces what the caller attached to a blob.
    pub(super) fn set_metadata(
        &mut self,
        container: &str,
        name: &str,
        metadata: Metadata,
        terms: &Terms,
    ) -> Result<Stamp, Failure> {
        self.judge_change(container, name, &terms.conditions)?;
        let stamp = self.stamp(terms.now);
        let blob = self.container_mut(container)?.blobs.get_mut(name);
        let blob = blob.ok_or(Failure::BLOB_NOT_FOUND)?;
        blob.draft.metadata = metadata;
        blob.stamp = stamp.clone();
        Ok(stamp)
    }

    fn judge_put(&self, container: &str, name: &str, terms: &Terms) -> Result<(), Failure> {
        let there = self.container(container)?.blobs.get(name);
        if there.is_some() && terms.conditions.want_absence() {
            return Err(Failure::BLOB_ALREADY_EXISTS);
        }
        terms.conditions.judge_write(there.map(|blob| &blob.stamp))?;
        if there.is_none() || terms.may_replace {
            return Ok(());
        }
        Err(Failure::AUTHORIZATION_PERMISSION_MISMATCH)
    }

    fn judge_change(
        &self,
        container: &str,
        name: &str,
        conditions: &Conditions,
    ) -> Result<(), Failure> {
        let there = self.container(container)?.blobs.get(name);
        conditions.judge_write(there.map(|blob| &blob.stamp))?;
        there.map(|_| ()).ok_or(Failure::BLOB_NOT_FOUND)
    }

    fn replace(
        &mut self,
        container: &str,
        name: &str,
        draft: Draft,
        blocks: Vec<(BlockId, Bytes)>,
        now: DateTime<Utc>,
    ) -> Result<Stamp, Failure> {
        let stamp = self.stamp(now);
        let container = self.container_mut(container)?;
        container.uncommitted.remove(name);
        let created = container.blobs.get(name).map_or(now, |blob| blob.created);
        let blob = Blob { created, stamp: stamp.clone(), blocks, draft };
        container.blobs.insert(name.to_owned(), blob);
        Ok(stamp)
    }

    fn container_mut(&mut self, name: &str) -> Result<&mut Container, Failure> {
        self.containers.get_mut(name).ok_or(Failure::CONTAINER_NOT_FOUND)
    }

    /// Makes the version of something written now; no two are alike, even where the clock stands.
    fn stamp(&mut self, now: DateTime<Utc>) -> Stamp {
        // The service counts the tenths of microseconds since the year 1.
        const TO_1970: u64 = 621_355_968_000_000_000;
        let micros = u64::try_from(now.timestamp_micros()).unwrap_or_default();
        self.last_tag = (TO_1970 + micros * 10).max(self.last_tag + 1);
        Stamp { etag: format!("0x{:X}", self.last_tag), modified: now }
    }
}

#[cfg(test)]
mod tests;
