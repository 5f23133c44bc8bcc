//! The XML of the operations on an account: its containers, and the properties of its services.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::metadata::Metadata;
use crate::response::HttpDate;
use crate::state::containers::Container;

/// The body of List Containers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerEnumeration<'a> {
    #[serde(rename = "@ServiceEndpoint")]
    pub(crate) service_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_results: Option<i64>,
    pub(crate) containers: ContainerItems<'a>,
    pub(crate) next_marker: Option<&'a str>,
}

/// The containers of one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerItems<'a> {
    pub(crate) container: Vec<ContainerItem<'a>>,
}

/// A container in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerItem<'a> {
    name: &'a str,
    properties: ContainerProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
}

/// The properties of a container in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerProperties {
    #[serde(rename = "Last-Modified")]
    last_modified: HttpDate,
    /// Unlike the entity tag of a blob in a list, it has quotes.
    etag: String,
    lease_status: &'static str,
    lease_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_duration: Option<&'static str>,
    default_encryption_scope: &'static str,
    deny_encryption_scope_override: bool,
    has_immutability_policy: bool,
    has_legal_hold: bool,
    immutable_storage_with_versioning_enabled: bool,
}

impl<'a> ContainerItem<'a> {
    /// Converts a container; it has its metadata if `with_metadata` is set.
    pub(crate) fn new(
        name: &'a str,
        container: &'a Container,
        now: DateTime<Utc>,
        with_metadata: bool,
    ) -> Self {
        let lease = container.lease_properties(now);
        let properties = ContainerProperties {
            last_modified: HttpDate(container.version.modified),
            etag: format!("\"{}\"", container.version.etag),
            lease_status: lease.status,
            lease_state: lease.state,
            lease_duration: lease.duration,
            default_encryption_scope: "$account-encryption-key",
            deny_encryption_scope_override: false,
            has_immutability_policy: false,
            has_legal_hold: false,
            immutable_storage_with_versioning_enabled: false,
        };
        let metadata = Some(&container.metadata);
        let metadata = metadata.filter(|metadata| with_metadata && !metadata.is_empty());
        Self { name, properties, metadata }
    }
}

/// The body of Get Blob Service Properties and Get Queue Service Properties.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceProperties {
    logging: Logging,
    hour_metrics: Metrics,
    minute_metrics: Metrics,
    cors: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_retention_policy: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    static_website: Option<Switch>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Logging {
    version: &'static str,
    read: bool,
    write: bool,
    delete: bool,
    retention_policy: Switch,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    version: &'static str,
    enabled: bool,
    #[serde(rename = "IncludeAPIs", skip_serializing_if = "Option::is_none")]
    include_apis: Option<bool>,
    retention_policy: Switch,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Switch {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

impl ServiceProperties {
    /// Creates the properties of the queues of a new account.
    pub(crate) fn of_queues() -> Self {
        let off = || Switch { enabled: false, days: None };
        let week = Switch { enabled: true, days: Some(7) };
        let metrics = |enabled, include_apis, retention_policy| Metrics {
            version: "1.0",
            enabled,
            include_apis,
            retention_policy,
        };
        let [read, write, delete] = [false; 3];
        Self {
            logging: Logging { version: "1.0", read, write, delete, retention_policy: off() },
            hour_metrics: metrics(true, Some(true), week),
            minute_metrics: metrics(false, None, off()),
            cors: (),
            delete_retention_policy: None,
            static_website: None,
        }
    }

    /// Creates the properties of the blobs of a new account.
    pub(crate) fn of_blobs() -> Self {
        let off = || Some(Switch { enabled: false, days: None });
        Self { delete_retention_policy: off(), static_website: off(), ..Self::of_queues() }
    }
}
