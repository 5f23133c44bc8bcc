//! The queues or containers that are being deleted, whose names cannot be used again yet.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// The time for which a name cannot be used again, at least: "Delete Container" and "Delete Queue" of the REST
/// reference. Other operations find nothing meanwhile.
///
/// <https://learn.microsoft.com/rest/api/storageservices/delete-container#remarks>
const DELETION: TimeDelta = TimeDelta::seconds(30);

/// The names that are being deleted, with the end of their deletion.
#[derive(Debug, Default)]
pub(crate) struct Deletions(BTreeMap<String, DateTime<Utc>>);

impl Deletions {
    /// Begins a deletion.
    pub(crate) fn begin(&mut self, name: &str, now: DateTime<Utc>) {
        self.0.insert(name.to_owned(), now + DELETION);
    }

    /// Returns whether a name is being deleted.
    pub(crate) fn contain(&mut self, name: &str, now: DateTime<Utc>) -> bool {
        self.0.retain(|_, end| now < *end);
        self.0.contains_key(name)
    }
}
