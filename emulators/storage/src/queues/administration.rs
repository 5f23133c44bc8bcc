//! Answers the operations on queues themselves.

use std::collections::btree_map::Entry;
use std::ops::Bound;

use http::StatusCode;

use super::queue::Queue;
use super::wire::{QueueEnumeration, QueueItem, QueueItems};
use super::{Call, Queues};
use crate::address::service_endpoint;
use crate::exchange::{empty, insert_text, xml};
use crate::failure::Failure;
use crate::metadata::{insert_metadata, metadata_of};
use emulator_core::service::Response;

/// The longest page of a list, and its length if nothing is said.
const PAGE: i64 = 5000;

impl Queues {
    pub(super) fn create_queue(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let metadata = metadata_of(call.request.headers())?;
        match self.queues().entry(call.path.resource.to_string()) {
            Entry::Vacant(place) => {
                place.insert(Queue::with(metadata));
                Ok(empty(StatusCode::CREATED))
            }
            Entry::Occupied(there) if there.get().metadata == metadata => {
                Ok(empty(StatusCode::NO_CONTENT))
            }
            Entry::Occupied(_) => Err(Failure::QUEUE_ALREADY_EXISTS),
        }
    }

    pub(super) fn delete_queue(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let deleted = self.queues().remove(call.path.resource.as_ref());
        deleted.map(|_| empty(StatusCode::NO_CONTENT)).ok_or(Failure::QUEUE_NOT_FOUND)
    }

    pub(super) fn queue_metadata(&self, call: &Call<'_>) -> Result<Response, Failure> {
        self.with_queue(&call.path.resource, |queue| {
            let mut answer = empty(StatusCode::OK);
            let headers = answer.headers_mut();
            insert_metadata(headers, &queue.metadata);
            let count = queue.count(call.exchange.at);
            insert_text(headers, "x-ms-approximate-messages-count", &count);
            Ok(answer)
        })
    }

    pub(super) fn set_queue_metadata(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let metadata = metadata_of(call.request.headers())?;
        self.with_queue(&call.path.resource, |queue| {
            queue.metadata = metadata;
            Ok(empty(StatusCode::NO_CONTENT))
        })
    }

    pub(super) fn list_queues(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let (prefix, marker) = (call.query.get("prefix"), call.query.get("marker"));
        let max_results = call.query.number("maxresults", 1..=PAGE)?;
        let with_metadata = call.query.get("include") == Some("metadata");
        let first = prefix.unwrap_or_default().max(marker.unwrap_or_default());
        let queues = self.queues();
        let mut found = queues
            .range::<str, _>((Bound::Included(first), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(prefix.unwrap_or_default()));
        let item = |(name, queue): (&String, &Queue)| QueueItem {
            name: name.clone(),
            metadata: with_metadata.then(|| queue.metadata.clone()),
        };
        let length = usize::try_from(max_results.unwrap_or(PAGE)).expect("it is 1 to 5000");
        let list = QueueEnumeration {
            service_endpoint: service_endpoint(call.request, &self.account),
            prefix,
            marker,
            max_results,
            queues: QueueItems { queue: found.by_ref().take(length).map(item).collect() },
            next_marker: found.next().map(|(name, _)| name.clone()),
        };
        Ok(xml(StatusCode::OK, "EnumerationResults", &list))
    }
}
