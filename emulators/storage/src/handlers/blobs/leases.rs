//! The operations on the leases of blobs and containers.

use chrono::TimeDelta;
use http::StatusCode;
use uuid::Uuid;

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::lease_headers::LeaseAction;
use crate::dto::properties::insert_version;
use crate::error::StorageError;
use crate::response::{empty, insert_text};
use crate::state::conditions::{Conditions, Version};
use crate::state::lease::Lease;

/// The result of an action on a lease.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Acquired(Uuid),
    Held(Uuid),
    Released,
    Breaking(TimeDelta),
}

impl Blobs {
    pub(super) fn lease_blob(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (action, conditions) = call.lease_action()?;
        let (Call { path, .. }, apply) = (call, self.applying(call, action));
        let leased = self.store().lease_blob(&path.resource, &path.rest, &conditions, apply);
        leased.map(|(outcome, version)| outcome.into_response(version.as_ref()))
    }

    pub(super) fn lease_container(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (action, conditions) = call.lease_action()?;
        let apply = self.applying(call, action);
        let leased = self.store().lease_container(&call.path.resource, &conditions, apply);
        leased.map(|(outcome, version)| outcome.into_response(Some(&version)))
    }

    /// Returns a function that applies the action to a lease.
    fn applying(
        &self,
        call: &Call<'_>,
        action: LeaseAction,
    ) -> impl FnOnce(&mut Lease) -> Result<Outcome, StorageError> {
        let now = call.context.received_at;
        move |lease| match action {
            LeaseAction::Acquire { proposed, duration } => {
                let id = proposed.unwrap_or_else(|| self.service.next_id());
                lease.acquire(id, duration, now).map(|()| Outcome::Acquired(id))
            }
            LeaseAction::Renew { id } => lease.renew(id, now).map(|()| Outcome::Held(id)),
            LeaseAction::Change { id, proposed } => {
                lease.change(id, proposed, now).map(|()| Outcome::Held(proposed))
            }
            LeaseAction::Release { id } => lease.release(id).map(|()| Outcome::Released),
            LeaseAction::Break { period } => lease.break_after(period, now).map(Outcome::Breaking),
        }
    }
}

impl Call<'_> {
    /// Returns the action and the conditional headers; a SAS that only permits deletion may only break.
    fn lease_action(&self) -> Result<(LeaseAction, Conditions), StorageError> {
        let headers = self.request.headers();
        let action = LeaseAction::parse(headers)?;
        if !self.grant.allows('w') && !matches!(action, LeaseAction::Break { .. }) {
            return Err(StorageError::AUTHORIZATION_PERMISSION_MISMATCH);
        }
        Ok((action, Conditions::parse(headers)?))
    }
}

impl Outcome {
    fn into_response(self, version: Option<&Version>) -> Response {
        let mut response = empty(match self {
            Self::Acquired(_) => StatusCode::CREATED,
            Self::Held(_) | Self::Released => StatusCode::OK,
            Self::Breaking(_) => StatusCode::ACCEPTED,
        });
        let headers = response.headers_mut();
        if let Some(version) = version {
            insert_version(headers, version);
        }
        match self {
            Self::Acquired(id) | Self::Held(id) => insert_text(headers, "x-ms-lease-id", &id),
            Self::Released => {}
            Self::Breaking(remaining) => {
                insert_text(headers, "x-ms-lease-time", &whole_seconds(remaining));
            }
        }
        response
    }
}

/// Rounds up, so that a caller who waits for this time finds the lease broken.
fn whole_seconds(time: TimeDelta) -> i64 {
    (time + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1)).num_seconds()
}
