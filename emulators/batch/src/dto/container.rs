//! Container settings of tasks.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};

use super::resource_id::is_resource_id;
use crate::error::ApiError;

/// The settings of the container that a task runs in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerSettings {
    /// The image's full reference.
    pub image_name: String,
    /// Additional arguments of the engine's create command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_run_options: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<Registry>,
    /// The working directory of the command in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<WorkingDirectory>,
    /// The node directories mounted into the container: all if absent, none if empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_host_batch_bind_mounts: Option<Vec<BindMount>>,
}

/// A registry and its credentials.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Registry {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Never returned.
    #[serde(skip_serializing)]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_reference: Option<IdentityReference>,
}

/// The form of an identity's id after `providers`.
const IDENTITY: &[&str] = &["Microsoft.ManagedIdentity", "userAssignedIdentities", "*"];

impl Registry {
    /// Checks the id of its identity.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let id =
            self.identity_reference.as_ref().and_then(|identity| identity.resource_id.as_ref());
        match id.filter(|id| !is_resource_id(id, IDENTITY)) {
            Some(wrong) => {
                let reason = "must be the id of a Microsoft.ManagedIdentity/userAssignedIdentities";
                Err(ApiError::invalid_property("resourceId", wrong, reason))
            }
            None => Ok(()),
        }
    }
}

impl ContainerSettings {
    /// Checks the values.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.image_name.trim().is_empty() {
            let name = "containerSettings.imageName";
            return Err(ApiError::invalid_property(name, "", "must not be empty"));
        }
        self.registry.as_ref().map_or(Ok(()), Registry::check)
    }
}

impl Debug for Registry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.registry_server).finish()
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IdentityReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<String>,
}

/// The working directory of a container's command.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkingDirectory {
    /// The task's working directory.
    TaskWorkingDirectory,
    /// The image's `WORKDIR`.
    ContainerImageDefault,
}

/// A node directory that is mounted into a container.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindMount {
    /// The directory.
    pub source: BindSource,
    /// Whether the mount is read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_read_only: Option<bool>,
}

/// The node directories that can be mounted into a container.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the published ones")]
pub enum BindSource {
    Shared,
    Startup,
    VfsMounts,
    Task,
    JobPrep,
    Applications,
}
