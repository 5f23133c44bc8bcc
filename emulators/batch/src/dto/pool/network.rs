//! The network and the user accounts of a pool's nodes: stored and returned, without effect.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::checks::check_modelled;
use super::super::resource_id::is_resource_id;
use crate::error::ApiError;

/// The network configuration of a pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet_id: Option<String>,
    #[serde(rename = "dynamicVNetAssignmentScope", skip_serializing_if = "Option::is_none")]
    dynamic_vnet_assignment_scope: Option<AssignmentScope>,
    #[serde(rename = "publicIPAddressConfiguration", skip_serializing_if = "Option::is_none")]
    public_ip_address_configuration: Option<PublicAddresses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_accelerated_networking: Option<bool>,
    #[serde(skip_serializing)]
    endpoint_configuration: Option<Value>,
}

/// The form of a subnet's id after `providers`.
const SUBNET: &[&str] = &["Microsoft.Network", "virtualNetworks", "*", "subnets", "*"];
/// The form of a public address's id after `providers`.
const PUBLIC_ADDRESS: &[&str] = &["Microsoft.Network", "publicIPAddresses", "*"];

impl Network {
    /// Checks the values.
    ///
    /// A recording of azure-sdk-for-python (test_batch.test_batch_create_pools.yaml) shows the code
    /// and the name of the property for a subnet that cannot be used.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if let Some(wrong) = self.subnet_id.as_ref().filter(|id| !is_resource_id(id, SUBNET)) {
            let reason = "The specified subnetId must be of the format /subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{subnet}";
            return Err(ApiError::invalid_property("subnetId", wrong, reason));
        }
        let addresses = self.public_ip_address_configuration.as_ref();
        let ids = addresses.and_then(|addresses| addresses.ip_address_ids.as_ref());
        let wrong = |id: &&String| !is_resource_id(id, PUBLIC_ADDRESS);
        if let Some(wrong) = ids.into_iter().flatten().find(wrong) {
            let reason = "must be the id of a Microsoft.Network/publicIPAddresses";
            return Err(ApiError::invalid_property("ipAddressIds", wrong, reason));
        }
        let endpoints = self.endpoint_configuration.as_ref();
        check_modelled(&[("networkConfiguration.endpointConfiguration", endpoints)])
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum AssignmentScope {
    None,
    Job,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PublicAddresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    provision: Option<Provision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_families: Option<Vec<Family>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address_ids: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Provision {
    BatchManaged,
    UserManaged,
    NoPublicIpAddresses,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Family {
    IPv4,
    IPv6,
}

/// A user account on a pool's nodes. Its password is never returned.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserAccount {
    name: String,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "a request must have it, but it has no effect")]
    password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    elevation_level: Option<super::super::task::Elevation>,
}

impl Debug for UserAccount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserAccount").field(&self.name).finish()
    }
}
