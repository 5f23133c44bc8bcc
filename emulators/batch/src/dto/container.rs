//! The containers that tasks ask for.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};

/// The container that a task runs in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerSettings {
    /// The image's full reference.
    pub image_name: String,
    /// Further arguments to the engine's create command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_run_options: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<Registry>,
    /// Where in the container the command starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<WorkingDirectory>,
    /// What of the node the container sees: all where absent, nothing where empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_host_batch_bind_mounts: Option<Vec<BindMount>>,
}

/// Where images come from, and with which credentials.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Registry {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Never shown again.
    #[serde(skip_serializing)]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_reference: Option<IdentityReference>,
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

/// Where a container's command starts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkingDirectory {
    /// In the task's working directory.
    TaskWorkingDirectory,
    /// Where the image says.
    ContainerImageDefault,
}

/// A directory of the node that a container sees.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindMount {
    /// Which.
    pub source: BindSource,
    /// Whether the container may not write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_read_only: Option<bool>,
}

/// The directories of a node that a container may see.
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
