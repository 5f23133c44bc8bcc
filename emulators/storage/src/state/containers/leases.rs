//! The leases of containers and blobs.

use chrono::{DateTime, Utc};

use super::{Container, Store};
use crate::error::StorageError;
use crate::state::conditions::{Conditions, Version};
use crate::state::lease::{Lease, LeaseProperties, Leased};

impl Store {
    /// Calls `action` with the lease of a container whose version fulfils the conditions.
    pub(crate) fn lease_container<T>(
        &mut self,
        name: &str,
        conditions: &Conditions,
        action: impl FnOnce(&mut Lease) -> Result<T, StorageError>,
    ) -> Result<(T, Version), StorageError> {
        let container = self.container_mut(name)?;
        conditions.check_write(Some(&container.version))?;
        let result = action(&mut container.lease).map_err(StorageError::of_container_lease)?;
        Ok((result, container.version.clone()))
    }

    /// Returns a container if the request is made under its lease, or names none.
    pub(crate) fn read_container(
        &self,
        name: &str,
        conditions: &Conditions,
        now: DateTime<Utc>,
    ) -> Result<&Container, StorageError> {
        let container = self.container(name)?;
        container.lease.check_read(Leased::Container, conditions.lease_id, now)?;
        Ok(container)
    }

    /// Calls `action` with the lease of a blob whose version fulfils the conditions.
    ///
    /// A blob that has only uncommitted blocks can be leased too, but has no version yet.
    pub(crate) fn lease_blob<T>(
        &mut self,
        container: &str,
        name: &str,
        conditions: &Conditions,
        action: impl FnOnce(&mut Lease) -> Result<T, StorageError>,
    ) -> Result<(T, Option<Version>), StorageError> {
        let container = self.container_mut(container)?;
        if !container.has_blob_or_blocks(name) {
            return Err(StorageError::BLOB_NOT_FOUND);
        }
        let version = container.blobs.get(name).map(|blob| blob.version.clone());
        conditions.check_write(version.as_ref())?;
        let mut lease = container.lease_of(name);
        let result = action(&mut lease)?;
        container.leases.insert(name.to_owned(), lease);
        Ok((result, version))
    }

    /// Returns the properties of the lease of a blob.
    pub(crate) fn blob_lease_properties(
        &self,
        container: &str,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<LeaseProperties, StorageError> {
        Ok(self.container(container)?.blob_lease_properties(name, now))
    }
}

impl Container {
    /// Returns the properties of the lease of the container.
    pub(crate) fn lease_properties(&self, now: DateTime<Utc>) -> LeaseProperties {
        self.lease.properties(now)
    }

    /// Returns the properties of the lease of a blob.
    pub(super) fn blob_lease_properties(&self, name: &str, now: DateTime<Utc>) -> LeaseProperties {
        self.lease_of(name).properties(now)
    }

    /// Checks the lease of a blob before it is read.
    pub(crate) fn check_blob_read(
        &self,
        name: &str,
        conditions: &Conditions,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        if !self.has_blob_or_blocks(name) {
            return Ok(());
        }
        self.lease_of(name).check_read(Leased::Blob, conditions.lease_id, now)
    }

    /// Checks the lease of a blob before it is written. A blob that does not exist has none, and a lease id in
    /// the request is then ignored.
    pub(super) fn check_blob_write(
        &self,
        name: &str,
        conditions: &Conditions,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        if !self.has_blob_or_blocks(name) {
            return Ok(());
        }
        self.lease_of(name).check_write(Leased::Blob, conditions.lease_id, now)
    }

    /// Forgets the lease of a blob that was written, if it has ended.
    pub(super) fn blob_was_written(&mut self, name: &str, now: DateTime<Utc>) {
        if let Some(lease) = self.leases.get_mut(name) {
            lease.forget_if_ended(now);
        }
    }

    fn lease_of(&self, name: &str) -> Lease {
        self.leases.get(name).copied().unwrap_or_default()
    }

    fn has_blob_or_blocks(&self, name: &str) -> bool {
        self.blobs.contains_key(name) || self.uncommitted.contains_key(name)
    }
}
