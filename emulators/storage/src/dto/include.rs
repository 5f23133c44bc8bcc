//! The query parameter `include` of lists: more data, or more entries, in a comma-separated list.

use crate::error::StorageError;
use crate::request::Query;

const METADATA: &str = "metadata";

/// The values of `include` that a list accepts.
#[derive(Debug)]
pub(crate) struct Included {
    /// Values that change nothing, because nothing of the kind can exist.
    empty: &'static [&'static str],
    /// Values that the service knows, and that are not modelled.
    not_modelled: &'static [&'static str],
}

impl Included {
    /// Those of List Blobs: <https://learn.microsoft.com/rest/api/storageservices/list-blobs#uri-parameters>.
    pub(crate) const BLOBS: Self = Self {
        empty: &["copy"],
        not_modelled: &[
            "deleted",
            "deletedwithversions",
            "immutabilitypolicy",
            "legalhold",
            "permissions",
            "snapshots",
            "tags",
            "uncommittedblobs",
            "versions",
        ],
    };
    /// Those of List Containers: <https://learn.microsoft.com/rest/api/storageservices/list-containers2#uri-parameters>.
    pub(crate) const CONTAINERS: Self = Self { empty: &[], not_modelled: &["deleted", "system"] };
    /// Those of List Queues: <https://learn.microsoft.com/rest/api/storageservices/list-queues1#uri-parameters>.
    pub(crate) const QUEUES: Self = Self { empty: &[], not_modelled: &[] };

    /// Returns whether a request includes metadata.
    pub(crate) fn has_metadata(&self, query: &Query<'_>) -> Result<bool, StorageError> {
        let values = values(query);
        if values.iter().all(|value| self.knows(value)) {
            return Ok(values.iter().any(|value| value == METADATA));
        }
        Err(StorageError::INVALID_QUERY_PARAMETER_VALUE
            .with_detail("QueryParameterName", "include")
            .with_detail("QueryParameterValue", query.get("include").unwrap_or_default()))
    }

    /// Returns whether a request can be answered; one with an unknown value is refused.
    pub(crate) fn is_modelled(&self, query: &Query<'_>) -> bool {
        let values = values(query);
        let is_unmodelled = |value: &String| self.not_modelled.contains(&value.as_str());
        !values.iter().any(is_unmodelled) || !values.iter().all(|value| self.knows(value))
    }

    fn knows(&self, value: &str) -> bool {
        value == METADATA || self.empty.contains(&value) || self.not_modelled.contains(&value)
    }
}

/// Returns the values in lower case. The service ignores their case: .NET clients write `Metadata`.
fn values(query: &Query<'_>) -> Vec<String> {
    let text = query.get("include").filter(|text| !text.is_empty());
    text.into_iter().flat_map(|text| text.split(',')).map(str::to_ascii_lowercase).collect()
}
