//! The operations on containers.

use http::{HeaderValue, StatusCode};

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::blobs::{BlobEntry, BlobEnumeration, BlobItems};
use crate::dto::include::Included;
use crate::dto::lease_headers::insert_lease;
use crate::dto::metadata::{insert_metadata, parse_metadata};
use crate::dto::properties::insert_version;
use crate::error::StorageError;
use crate::request::service_endpoint;
use crate::response::{empty, xml};
use crate::state::conditions::Conditions;
use crate::state::containers::ListOptions;

/// The maximum, and the default, number of entries of a list.
const MAX_RESULTS: i64 = 5000;

impl Blobs {
    pub(super) fn create_container(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let metadata = parse_metadata(call.request.headers())?;
        let version =
            self.store().create(&call.path.resource, metadata, call.context.received_at)?;
        let mut response = empty(StatusCode::CREATED);
        insert_version(response.headers_mut(), &version);
        Ok(response)
    }

    pub(super) fn get_container_properties(
        &self,
        call: &Call<'_>,
    ) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        let (store, now) = (self.store(), call.context.received_at);
        let container = store.read_container(&call.path.resource, &conditions, now)?;
        let mut response = empty(StatusCode::OK);
        let headers = response.headers_mut();
        insert_lease(headers, container.lease_properties(now));
        insert_version(headers, &container.version);
        insert_metadata(headers, &container.metadata);
        for (name, value) in
            [("x-ms-has-immutability-policy", "false"), ("x-ms-has-legal-hold", "false")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }

    pub(super) fn delete_container(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        self.store().delete(&call.path.resource, &conditions, call.context.received_at)?;
        Ok(empty(StatusCode::ACCEPTED))
    }

    pub(super) fn list_blobs(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (prefix, marker) = (call.query.get("prefix"), call.query.get("marker"));
        let delimiter = call.query.get("delimiter").filter(|text| !text.is_empty());
        // The service accepts a number above the limit, and returns at most the limit.
        let max_results = call.query.number("maxresults", 1..=i64::MAX)?;
        let with_metadata = Included::BLOBS.has_metadata(&call.query)?;
        let limit = max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
        let options = ListOptions {
            prefix: prefix.unwrap_or_default(),
            delimiter,
            marker: marker.unwrap_or_default(),
            max_results: usize::try_from(limit).expect("it is between 1 and 5000"),
            now: call.context.received_at,
        };
        let store = self.store();
        let page = store.container(&call.path.resource)?.list(&options);
        let entry = |entry| BlobEntry::new(entry, with_metadata);
        let list = BlobEnumeration {
            service_endpoint: service_endpoint(call.request, &call.path.account),
            container_name: &call.path.resource,
            prefix,
            marker,
            max_results,
            delimiter,
            blobs: BlobItems { entries: page.entries.iter().map(entry).collect() },
            next_marker: page.next,
        };
        Ok(xml(StatusCode::OK, "EnumerationResults", &list))
    }
}
