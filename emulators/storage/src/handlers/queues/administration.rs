//! The operations on queues.

use std::collections::btree_map::Entry;
use std::ops::Bound;

use http::StatusCode;

use emulator_core::service::Response;

use super::{Call, Queues};
use crate::dto::include::Included;
use crate::dto::metadata::{insert_metadata, parse_metadata};
use crate::dto::queues::{QueueEnumeration, QueueItem, QueueItems};
use crate::error::StorageError;
use crate::request::service_endpoint;
use crate::response::{empty, insert_text, uncached, xml};
use crate::state::queue::Queue;

/// The maximum, and the default, number of entries of a list.
const MAX_RESULTS: i64 = 5000;

impl Queues {
    pub(super) fn create_queue(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let metadata = parse_metadata(call.request.headers())?;
        let (name, now) = (&call.path.resource, call.context.received_at);
        if self.deletions().contain(name, now) {
            return Err(StorageError::QUEUE_BEING_DELETED);
        }
        match self.queues().entry(call.path.resource.to_string()) {
            Entry::Vacant(entry) => {
                entry.insert(Queue::new(metadata));
                Ok(empty(StatusCode::CREATED))
            }
            Entry::Occupied(entry) if entry.get().metadata == metadata => {
                Ok(empty(StatusCode::NO_CONTENT))
            }
            Entry::Occupied(_) => Err(StorageError::QUEUE_ALREADY_EXISTS),
        }
    }

    pub(super) fn delete_queue(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let deleted = self.queues().remove(call.path.resource.as_ref());
        deleted.ok_or(StorageError::QUEUE_NOT_FOUND)?;
        self.deletions().begin(&call.path.resource, call.context.received_at);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn get_queue_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        self.with_queue(&call.path.resource, |queue| {
            let mut response = empty(StatusCode::OK);
            let headers = response.headers_mut();
            insert_metadata(headers, &queue.metadata);
            let count = queue.count(call.context.received_at);
            insert_text(headers, "x-ms-approximate-messages-count", &count);
            Ok(uncached(response))
        })
    }

    pub(super) fn set_queue_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let metadata = parse_metadata(call.request.headers())?;
        self.with_queue(&call.path.resource, |queue| {
            queue.metadata = metadata;
            Ok(empty(StatusCode::NO_CONTENT))
        })
    }

    pub(super) fn list_queues(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (prefix, marker) = (call.query.get("prefix"), call.query.get("marker"));
        // The service accepts a number above the limit, and returns at most the limit: `MaxResults` of
        // https://github.com/Azure/azure-rest-api-specs/blob/main/specification/storage/data-plane/Microsoft.QueueStorage/stable/2018-03-28/queue.json
        let max_results = call.query.number("maxresults", 1..=i64::MAX)?;
        let with_metadata = Included::QUEUES.has_metadata(&call.query)?;
        let first = prefix.unwrap_or_default().max(marker.unwrap_or_default());
        let queues = self.queues();
        let mut found = queues
            .range::<str, _>((Bound::Included(first), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(prefix.unwrap_or_default()));
        let item = |(name, queue): (&String, &Queue)| QueueItem {
            name: name.clone(),
            metadata: with_metadata.then(|| queue.metadata.clone()),
        };
        let length = usize::try_from(max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS))
            .expect("it is between 1 and 5000");
        let list = QueueEnumeration {
            service_endpoint: service_endpoint(call.request, &call.path.account),
            prefix,
            marker,
            max_results,
            queues: QueueItems { queue: found.by_ref().take(length).map(item).collect() },
            next_marker: found.next().map(|(name, _)| name.clone()),
        };
        Ok(uncached(xml(StatusCode::OK, "EnumerationResults", &list)))
    }
}
