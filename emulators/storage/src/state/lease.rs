//! The lease of a blob or a container.
//!
//! The outcomes are those of the tables "Outcomes of lease operations" and "Outcomes of use attempts" of
//! [Lease Blob](https://learn.microsoft.com/rest/api/storageservices/lease-blob) and
//! [Lease Container](https://learn.microsoft.com/rest/api/storageservices/lease-container). The tables give
//! the status of a failure. Its code is the one that the tests of Microsoft's client library expect of the
//! service: `LeaseTests.cs` of <https://github.com/Azure/azure-storage-net>.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::error::StorageError;

mod usage;

pub(crate) use usage::Leased;

/// The lease of one blob or container; at first there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lease(Option<Granted>);

/// A lease that was acquired. It remains known by its id after it has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Granted {
    id: Uuid,
    term: Term,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
    Infinite,
    Fixed { duration: TimeDelta, expires: DateTime<Utc> },
    Breaking { until: DateTime<Utc> },
    Broken,
}

/// The duration that is requested with a lease.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LeaseDuration {
    /// Until the lease is released or broken.
    Infinite,
    /// 15 to 60 seconds.
    Fixed(TimeDelta),
}

/// The published states of a lease.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LeaseState {
    Available,
    Leased,
    Expired,
    Breaking,
    Broken,
}

/// The published properties of a lease.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LeaseProperties {
    /// `locked` or `unlocked`.
    pub(crate) status: &'static str,
    /// The name of the state.
    pub(crate) state: &'static str,
    /// `infinite` or `fixed`; only while leased.
    pub(crate) duration: Option<&'static str>,
}

impl Lease {
    /// Acquires the lease under an id. The holder of the lease may acquire it again, with another duration.
    pub(crate) fn acquire(
        &mut self,
        id: Uuid,
        duration: LeaseDuration,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        match (self.state(now), self.is_of(id)) {
            (LeaseState::Breaking, true) => {
                return Err(StorageError::LEASE_IS_BREAKING_AND_CANNOT_BE_ACQUIRED);
            }
            (LeaseState::Leased | LeaseState::Breaking, false) => {
                return Err(StorageError::LEASE_ALREADY_PRESENT);
            }
            _ => {}
        }
        self.0 = Some(Granted { id, term: Term::starting(duration, now) });
        Ok(())
    }

    /// Starts the duration of the lease again, even if it has expired.
    pub(crate) fn renew(&mut self, id: Uuid, now: DateTime<Utc>) -> Result<(), StorageError> {
        let granted = self.granted_as(id)?;
        granted.term = match granted.term {
            Term::Infinite => Term::Infinite,
            Term::Fixed { duration, .. } => Term::starting(LeaseDuration::Fixed(duration), now),
            Term::Breaking { .. } | Term::Broken => {
                return Err(StorageError::LEASE_IS_BROKEN_AND_CANNOT_BE_RENEWED);
            }
        };
        Ok(())
    }

    /// Gives the lease another id. A repeated request succeeds, because the lease has the proposed id.
    pub(crate) fn change(
        &mut self,
        id: Uuid,
        proposed: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        match (self.state(now), self.0.as_mut()) {
            (LeaseState::Leased, Some(granted)) if [id, proposed].contains(&granted.id) => {
                granted.id = proposed;
                Ok(())
            }
            (LeaseState::Breaking, Some(granted)) if granted.id == id => {
                Err(StorageError::LEASE_IS_BREAKING_AND_CANNOT_BE_CHANGED)
            }
            (LeaseState::Leased | LeaseState::Breaking, _) => {
                Err(StorageError::LEASE_ID_MISMATCH_WITH_LEASE_OPERATION)
            }
            _ => Err(StorageError::LEASE_NOT_PRESENT_WITH_LEASE_OPERATION),
        }
    }

    /// Ends the lease, also one that has expired or is broken.
    pub(crate) fn release(&mut self, id: Uuid) -> Result<(), StorageError> {
        self.granted_as(id)?;
        *self = Self::default();
        Ok(())
    }

    /// Breaks the lease, and returns the time until another can be acquired.
    ///
    /// Without a period, a fixed lease breaks when it would expire, and an infinite one immediately. A period
    /// never extends the lease.
    pub(crate) fn break_after(
        &mut self,
        period: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> Result<TimeDelta, StorageError> {
        let Some(granted) = &mut self.0 else {
            return Err(StorageError::LEASE_NOT_PRESENT_WITH_LEASE_OPERATION);
        };
        let requested = period.map(|period| now + period);
        let until = match granted.term {
            Term::Infinite => requested.unwrap_or(now),
            Term::Fixed { expires: end, .. } | Term::Breaking { until: end } => {
                requested.map_or(end, |until| until.min(end))
            }
            Term::Broken => now,
        };
        granted.term = if until > now { Term::Breaking { until } } else { Term::Broken };
        Ok((until - now).max(TimeDelta::zero()))
    }

    /// Returns the state.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> LeaseState {
        match self.0.map(|granted| granted.term) {
            None => LeaseState::Available,
            Some(Term::Fixed { expires, .. }) if expires <= now => LeaseState::Expired,
            Some(Term::Infinite | Term::Fixed { .. }) => LeaseState::Leased,
            Some(Term::Breaking { until }) if until > now => LeaseState::Breaking,
            Some(Term::Breaking { .. } | Term::Broken) => LeaseState::Broken,
        }
    }

    /// Returns the published properties.
    pub(crate) fn properties(&self, now: DateTime<Utc>) -> LeaseProperties {
        let (status, state) = match self.state(now) {
            LeaseState::Available => ("unlocked", "available"),
            LeaseState::Leased => ("locked", "leased"),
            LeaseState::Expired => ("unlocked", "expired"),
            LeaseState::Breaking => ("locked", "breaking"),
            LeaseState::Broken => ("unlocked", "broken"),
        };
        let duration = (state == "leased").then(|| match self.0.map(|granted| granted.term) {
            Some(Term::Infinite) => "infinite",
            _ => "fixed",
        });
        LeaseProperties { status, state, duration }
    }

    fn is_of(&self, id: Uuid) -> bool {
        self.0.is_some_and(|granted| granted.id == id)
    }

    fn granted_as(&mut self, id: Uuid) -> Result<&mut Granted, StorageError> {
        let granted = self.0.as_mut().filter(|granted| granted.id == id);
        granted.ok_or(StorageError::LEASE_ID_MISMATCH_WITH_LEASE_OPERATION)
    }
}

impl Term {
    fn starting(duration: LeaseDuration, now: DateTime<Utc>) -> Self {
        match duration {
            LeaseDuration::Infinite => Self::Infinite,
            LeaseDuration::Fixed(duration) => Self::Fixed { duration, expires: now + duration },
        }
    }
}

#[cfg(test)]
mod tests;
