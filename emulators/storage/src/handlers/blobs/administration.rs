//! The operations on the account, and those on the metadata of a container.

use http::{HeaderValue, StatusCode};

use emulator_core::service::Response;

use super::{Blobs, Call};
use crate::dto::account::{ContainerEnumeration, ContainerItem, ContainerItems, ServiceProperties};
use crate::dto::include::Included;
use crate::dto::metadata::{insert_metadata, parse_metadata};
use crate::dto::properties::insert_version;
use crate::error::StorageError;
use crate::request::service_endpoint;
use crate::response::{empty, xml};
use crate::state::conditions::Conditions;

/// The maximum, and the default, number of entries of a list.
const MAX_RESULTS: i64 = 5000;

impl Blobs {
    pub(super) fn list_containers(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let (prefix, marker) = (call.query.get("prefix"), call.query.get("marker"));
        // As List Blobs, the operation accepts a number above the limit, and returns at most the limit.
        let max_results = call.query.number("maxresults", 1..=i64::MAX)?;
        let with_metadata = Included::CONTAINERS.has_metadata(&call.query)?;
        let limit = usize::try_from(max_results.unwrap_or(MAX_RESULTS).min(MAX_RESULTS));
        let limit = limit.expect("it is between 1 and 5000");
        let (store, now) = (self.store(), call.context.received_at);
        let mut found = store.containers(prefix.unwrap_or_default(), marker.unwrap_or_default());
        let item = |(name, container)| ContainerItem::new(name, container, now, with_metadata);
        let list = ContainerEnumeration {
            service_endpoint: service_endpoint(call.request, &call.path.account),
            prefix,
            marker,
            max_results,
            containers: ContainerItems {
                container: found.by_ref().take(limit).map(item).collect(),
            },
            next_marker: found.next().map(|(name, _)| name),
        };
        Ok(xml(StatusCode::OK, "EnumerationResults", &list))
    }

    /// Returns the properties of a new account; they cannot be set.
    pub(super) fn get_service_properties() -> Response {
        xml(StatusCode::OK, "StorageServiceProperties", &ServiceProperties::of_blobs())
    }

    /// Returns the kind of the account: general-purpose v2, with locally redundant storage.
    pub(super) fn get_account_information() -> Response {
        let mut response = empty(StatusCode::OK);
        for (name, value) in [
            ("x-ms-sku-name", "Standard_LRS"),
            ("x-ms-account-kind", "StorageV2"),
            ("x-ms-is-hns-enabled", "false"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    pub(super) fn get_container_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let conditions = Conditions::parse(call.request.headers())?;
        let (store, now) = (self.store(), call.context.received_at);
        let container = store.read_container(&call.path.resource, &conditions, now)?;
        let mut response = empty(StatusCode::OK);
        insert_metadata(response.headers_mut(), &container.metadata);
        insert_version(response.headers_mut(), &container.version);
        Ok(response)
    }

    pub(super) fn set_container_metadata(&self, call: &Call<'_>) -> Result<Response, StorageError> {
        let metadata = parse_metadata(call.request.headers())?;
        let options = call.write_options()?;
        let version =
            self.store().set_container_metadata(&call.path.resource, metadata, &options)?;
        let mut response = empty(StatusCode::OK);
        insert_version(response.headers_mut(), &version);
        Ok(response)
    }
}
