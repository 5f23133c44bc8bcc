//! The published versions of the data plane, and the properties in which they differ.
//!
//! Written from the specifications of
//! [azure-rest-api-specs](https://github.com/Azure/azure-rest-api-specs/tree/main/specification/batch),
//! one folder a version, compared with the models of azure-batch 10.0.0 to 15.1.0 for Python. What
//! differs otherwise is not modelled in any version.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::error::ApiError;
use crate::routes::Operation;
use emulator_core::service::Request;

/// The name of the version in a query.
pub(crate) const PARAMETER: &str = "api-version";

/// A served version. Versions begin with their date, so they are ordered as text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Version(&'static str);

const V2020_09: Version = Version("2020-09-01.12.0");
const V2021_06: Version = Version("2021-06-01.14.0");
const V2022_01: Version = Version("2022-01-01.15.0");
const V2022_10: Version = Version("2022-10-01.16.0");
const V2023_05: Version = Version("2023-05-01.17.0");
const V2023_11: Version = Version("2023-11-01.18.0");
const V2024_02: Version = Version("2024-02-01.19.0");
const V2024_07: Version = Version("2024-07-01.20.0");
const V2025_06: Version = Version("2025-06-01");

/// The served versions.
const SERVED: &[Version] =
    &[V2020_09, V2021_06, V2022_01, V2022_10, V2023_05, V2023_11, V2024_02, V2024_07, V2025_06];

/// Published versions that are not modelled: a node's slots are `maxTasksPerNode` in them, and a
/// task has no `requiredSlots`.
const NOT_MODELLED: &[&str] = &[
    "2015-12-01.2.2",
    "2016-02-01.3.0",
    "2016-07-01.3.1",
    "2017-01-01.4.0",
    "2017-05-01.5.0",
    "2017-06-01.5.1",
    "2017-09-01.6.0",
    "2018-03-01.6.1",
    "2018-08-01.7.0",
    "2018-12-01.8.0",
    "2019-06-01.9.0",
    "2019-08-01.10.0",
    "2020-03-01.11.0",
];

/// The properties that not every served version has. No two resources use one of the names with a
/// different meaning.
const PROPERTIES: &[(&str, RangeInclusive<Version>)] = &[
    // Pools.
    ("applicationLicenses", V2020_09..=V2024_02),
    ("certificateReferences", V2020_09..=V2024_07),
    ("cloudServiceConfiguration", V2020_09..=V2024_02),
    ("communityGalleryImageId", V2024_07..=V2025_06),
    ("currentNodeCommunicationMode", V2022_10..=V2024_07),
    ("enableAcceleratedNetworking", V2023_05..=V2025_06),
    ("extensions", V2021_06..=V2025_06),
    ("identity", V2021_06..=V2025_06),
    ("identityReference", V2021_06..=V2025_06),
    ("ipFamilies", V2025_06..=V2025_06),
    ("jobDefaultOrder", V2025_06..=V2025_06),
    ("nodePlacementConfiguration", V2021_06..=V2025_06),
    ("osDisk", V2021_06..=V2025_06),
    ("resourceTags", V2023_11..=V2024_07),
    ("securityProfile", V2023_11..=V2025_06),
    ("serviceArtifactReference", V2023_11..=V2025_06),
    ("sharedGalleryImageId", V2024_07..=V2025_06),
    ("targetNodeCommunicationMode", V2022_10..=V2024_07),
    ("upgradePolicy", V2024_02..=V2025_06),
    // Nodes and their numbers.
    ("deallocated", V2024_07..=V2025_06),
    ("deallocating", V2024_07..=V2025_06),
    ("ipv6Address", V2025_06..=V2025_06),
    ("upgradingOS", V2024_02..=V2025_06),
    ("virtualMachineInfo", V2021_06..=V2025_06),
    // Jobs and tasks.
    ("allowTaskPreemption", V2022_01..=V2025_06),
    ("authenticationTokenSettings", V2020_09..=V2024_07),
    ("containerHostBatchBindMounts", V2024_07..=V2025_06),
    ("maxParallelTasks", V2021_06..=V2025_06),
];

/// The properties that an operation takes since a later version than others.
const OF_OPERATIONS: &[(Operation, &str, Version)] = &[
    (Operation::UpdatePool, "displayName", V2024_07),
    (Operation::UpdatePool, "enableInterNodeCommunication", V2024_07),
    (Operation::UpdatePool, "mountConfiguration", V2024_07),
    (Operation::UpdatePool, "networkConfiguration", V2024_07),
    (Operation::UpdatePool, "resourceTags", V2024_07),
    (Operation::UpdatePool, "taskSchedulingPolicy", V2024_07),
    (Operation::UpdatePool, "taskSlotsPerNode", V2024_07),
    (Operation::UpdatePool, "upgradePolicy", V2024_07),
    (Operation::UpdatePool, "userAccounts", V2024_07),
    (Operation::UpdatePool, "virtualMachineConfiguration", V2024_07),
    (Operation::UpdatePool, "vmSize", V2024_07),
    (Operation::UpdateJob, "networkConfiguration", V2024_07),
    (Operation::ReplaceJob, "networkConfiguration", V2024_07),
    (Operation::ReplaceJob, "maxParallelTasks", V2022_01),
];

/// Properties whose members are names of the client's.
const FREE_NAMES: &[&str] = &["resourceTags"];

impl Version {
    /// Reads the version of a request.
    ///
    /// Of an unknown version the service writes `InvalidQueryParameterValue`, as captured in
    /// <https://github.com/Azure/azure-sdk-for-python/issues/20972> and
    /// <https://github.com/Azure/azure-sdk-for-python/issues/19224>.
    pub(crate) fn of(request: &Request) -> Result<Self, ApiError> {
        let query = request.uri().query().unwrap_or_default();
        let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PARAMETER);
        let Some((_, given)) = given else { return Err(ApiError::missing_parameter(PARAMETER)) };
        if let Some(version) = SERVED.iter().find(|version| version.0 == given) {
            return Ok(*version);
        }
        if NOT_MODELLED.contains(&&*given) {
            return Err(ApiError::not_modelled(&format!("{PARAMETER} {given}")));
        }
        let reason = "The specified api version string is invalid.";
        Err(ApiError::invalid_parameter(PARAMETER, &given, reason))
    }

    /// Returns whether resources of this version have a property.
    pub(crate) fn has(self, property: &str) -> bool {
        let known = PROPERTIES.iter().find(|(name, _)| *name == property);
        known.is_none_or(|(_, versions)| versions.contains(&self))
    }

    /// Rejects a body with a property that this version does not have.
    pub(crate) fn check(self, operation: Operation, body: &Value) -> Result<(), ApiError> {
        let top = body.as_object().into_iter().flat_map(Map::keys);
        let late = |name: &String| {
            OF_OPERATIONS
                .iter()
                .any(|(of, late, since)| *of == operation && late == name && self < *since)
        };
        if let Some(name) = top.into_iter().find(|name| late(name)) {
            return Err(ApiError::unsupported_property(name));
        }
        match self.unknown_property(body) {
            Some(path) => Err(ApiError::unsupported_property(&path)),
            None => Ok(()),
        }
    }

    /// Finds the path of the first property that this version does not have.
    fn unknown_property(self, value: &Value) -> Option<String> {
        match value {
            Value::Array(items) => items.iter().find_map(|item| self.unknown_property(item)),
            Value::Object(members) => members.iter().find_map(|(name, value)| {
                if !self.has(name) {
                    return Some(name.clone());
                }
                if FREE_NAMES.contains(&name.as_str()) {
                    return None;
                }
                self.unknown_property(value).map(|path| format!("{name}.{path}"))
            }),
            _ => None,
        }
    }

    /// Removes the properties of a response that this version does not have.
    pub(crate) fn prune(self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.prune(item)),
            Value::Object(members) => {
                members.retain(|name, _| self.has(name));
                let named = members.iter_mut();
                named
                    .filter(|(name, _)| !FREE_NAMES.contains(&name.as_str()))
                    .for_each(|(_, member)| self.prune(member));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_tables_name_served_versions_in_order() {
        assert!(SERVED.is_sorted());
        for (name, versions) in PROPERTIES {
            assert!(versions.start() <= versions.end(), "{name}");
            assert!(*versions != (V2020_09..=V2025_06), "every version has {name}");
        }
    }

    #[test]
    fn a_tag_of_the_client_may_have_the_name_of_a_property() {
        let tags = json!({ "resourceTags": { "ipFamilies": "both" }, "ipFamilies": [] });
        let mut pruned = tags.clone();
        V2024_07.prune(&mut pruned);
        assert_eq!(pruned, json!({ "resourceTags": { "ipFamilies": "both" } }));
        assert_eq!(V2024_07.unknown_property(&tags), Some("ipFamilies".to_owned()));
    }
}
