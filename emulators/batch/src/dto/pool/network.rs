//! The network and the user accounts of a pool's nodes: stored and returned, without effect.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::checks::check_modelled;
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

impl Network {
    pub(super) fn check(&self) -> Result<(), ApiError> {
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
