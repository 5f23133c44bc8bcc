//! Answers the operations on containers.

use http::{HeaderValue, StatusCode};

use super::blob::insert_stamp;
use super::conditions::Conditions;
use super::store::Wanted;
use super::wire::{BlobEntry, BlobEnumeration, BlobItems};
use super::{Blobs, Call};
use crate::address::service_endpoint;
use crate::exchange::{empty, xml};
use crate::failure::Failure;
use crate::metadata::{insert_metadata, metadata_of};
use emulator_core::service::Response;

/// The longest page of a list, and its length if nothing is said.
const PAGE: i64 = 5000;

impl Blobs {
    pub(super) fn create_container(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let metadata = metadata_of(call.request.headers())?;
        let stamp = self.store().create(&call.path.resource, metadata, call.exchange.at)?;
        let mut answer = empty(StatusCode::CREATED);
        insert_stamp(answer.headers_mut(), &stamp);
        Ok(answer)
    }

    pub(super) fn container_properties(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let store = self.store();
        let container = store.container(&call.path.resource)?;
        let mut answer = empty(StatusCode::OK);
        let headers = answer.headers_mut();
        insert_stamp(headers, &container.stamp);
        insert_metadata(headers, &container.metadata);
        for (name, value) in [
            ("x-ms-has-immutability-policy", "false"),
            ("x-ms-has-legal-hold", "false"),
            ("x-ms-lease-state", "available"),
            ("x-ms-lease-status", "unlocked"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(answer)
    }

    pub(super) fn delete_container(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let conditions = Conditions::of(call.request.headers())?;
        self.store().delete(&call.path.resource, &conditions)?;
        Ok(empty(StatusCode::ACCEPTED))
    }

    pub(super) fn list_blobs(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let (prefix, marker) = (call.query.get("prefix"), call.query.get("marker"));
        let delimiter = call.query.get("delimiter").filter(|text| !text.is_empty());
        // A larger number than the limit is not refused; the page ends at the limit.
        let max_results = call.query.number("maxresults", 1..=i64::MAX)?;
        let include = call.query.get("include").unwrap_or_default();
        let length = max_results.unwrap_or(PAGE).min(PAGE);
        let wanted = Wanted {
            prefix: prefix.unwrap_or_default(),
            delimiter,
            marker: marker.unwrap_or_default(),
            length: usize::try_from(length).expect("it is 1 to 5000"),
        };
        let store = self.store();
        let page = store.container(&call.path.resource)?.list(&wanted);
        let with_metadata = include.split(',').any(|what| what == "metadata");
        let entry = |listed| BlobEntry::of(listed, with_metadata);
        let list = BlobEnumeration {
            service_endpoint: service_endpoint(call.request, &self.account),
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
