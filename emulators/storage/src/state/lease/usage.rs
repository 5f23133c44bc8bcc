//! Reads and writes of a leased blob or container.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Lease, LeaseState};
use crate::error::StorageError;

/// The kind of a leased resource, which decides the code of an error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leased {
    /// A blob.
    Blob,
    /// A container.
    Container,
}

impl Lease {
    /// Checks a read: the id of the lease is optional, but must be that of an active lease.
    ///
    /// Set Container Metadata and the like are checked as reads: the lease of a container only protects it
    /// from deletion.
    pub(crate) fn check_read(
        &self,
        leased: Leased,
        id: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let Some(id) = id else { return Ok(()) };
        let active = matches!(self.state(now), LeaseState::Leased | LeaseState::Breaking);
        match (self.0, self.is_of(id)) {
            (None, _) => Err(leased.not_present()),
            (Some(_), false) => Err(leased.mismatch()),
            (Some(_), true) if active => Ok(()),
            // A code that users report: https://github.com/Azure/azure-diagnostics-tools/issues/190
            (Some(_), true) => Err(leased.lost()),
        }
    }

    /// Checks a write of a blob, or the deletion of a blob or container: an active lease requires its id.
    pub(crate) fn check_write(
        &self,
        leased: Leased,
        id: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let active = matches!(self.state(now), LeaseState::Leased | LeaseState::Breaking);
        if id.is_none() && active {
            Err(leased.missing())
        } else {
            self.check_read(leased, id, now)
        }
    }

    /// Forgets a lease that has ended, because the blob was written. Its id can no longer be renewed.
    pub(crate) fn forget_if_ended(&mut self, now: DateTime<Utc>) {
        if matches!(self.state(now), LeaseState::Expired | LeaseState::Broken) {
            *self = Self::default();
        }
    }
}

impl Leased {
    fn missing(self) -> StorageError {
        match self {
            Self::Blob => StorageError::LEASE_ID_MISSING,
            Self::Container => StorageError::LEASE_ID_MISSING.of_container_lease(),
        }
    }

    fn lost(self) -> StorageError {
        match self {
            Self::Blob => StorageError::LEASE_LOST,
            Self::Container => StorageError::LEASE_LOST.of_container_lease(),
        }
    }

    fn mismatch(self) -> StorageError {
        match self {
            Self::Blob => StorageError::LEASE_ID_MISMATCH_WITH_BLOB_OPERATION,
            Self::Container => StorageError::LEASE_ID_MISMATCH_WITH_CONTAINER_OPERATION,
        }
    }

    fn not_present(self) -> StorageError {
        match self {
            Self::Blob => StorageError::LEASE_NOT_PRESENT_WITH_BLOB_OPERATION,
            Self::Container => StorageError::LEASE_NOT_PRESENT_WITH_CONTAINER_OPERATION,
        }
    }
}
