//! Virtual machine configurations: image and container support.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::checks::check_modelled;
use super::super::container::Registry;
use super::image_reference::ImageReference;
use super::images;
use crate::error::ApiError;

/// The virtual machine configuration of a pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) image_reference: ImageReference,
    #[serde(rename = "nodeAgentSKUId")]
    pub(crate) node_agent_sku_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows_configuration: Option<Windows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container_configuration: Option<Containers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_placement_configuration: Option<Placement>,
    #[serde(skip_serializing)]
    data_disks: Option<Value>,
    #[serde(skip_serializing)]
    disk_encryption_configuration: Option<Value>,
    #[serde(skip_serializing)]
    extensions: Option<Value>,
    #[serde(skip_serializing)]
    os_disk: Option<Value>,
    #[serde(skip_serializing)]
    security_profile: Option<Value>,
    #[serde(skip_serializing)]
    service_artifact_reference: Option<Value>,
}

impl Machine {
    /// Creates the configuration of a Linux machine.
    pub(super) fn fixed(runs_containers: bool) -> Self {
        let containers = Containers {
            kind: ContainerKind::DockerCompatible,
            container_image_names: None,
            container_registries: None,
        };
        let container_configuration = runs_containers.then_some(containers);
        Self {
            image_reference: ImageReference::of("microsoft-dsvm", "ubuntu-hpc", "2404"),
            node_agent_sku_id: "batch.node.ubuntu 24.04".to_owned(),
            windows_configuration: None,
            license_type: None,
            container_configuration,
            node_placement_configuration: None,
            data_disks: None,
            disk_encryption_configuration: None,
            extensions: None,
            os_disk: None,
            security_profile: None,
            service_artifact_reference: None,
        }
    }

    /// Checks the values.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        self.check_image()?;
        let registries = self.container_configuration.as_ref();
        let registries = registries.and_then(|all| all.container_registries.as_ref());
        registries.into_iter().flatten().try_for_each(Registry::check)?;
        check_modelled(&[
            ("virtualMachineConfiguration.dataDisks", self.data_disks.as_ref()),
            (
                "virtualMachineConfiguration.diskEncryptionConfiguration",
                self.disk_encryption_configuration.as_ref(),
            ),
            ("virtualMachineConfiguration.extensions", self.extensions.as_ref()),
            ("virtualMachineConfiguration.osDisk", self.os_disk.as_ref()),
            ("virtualMachineConfiguration.securityProfile", self.security_profile.as_ref()),
            (
                "virtualMachineConfiguration.serviceArtifactReference",
                self.service_artifact_reference.as_ref(),
            ),
        ])
    }

    /// Checks the image, and that the node agent exists and fits it.
    fn check_image(&self) -> Result<(), ApiError> {
        let agent = &self.node_agent_sku_id;
        if !images::is_agent(agent) {
            let reason = "the specified node agent SKU does not exist";
            return Err(ApiError::invalid_property("nodeAgentSKUId", agent, reason));
        }
        let needed = self.image_reference.agent()?;
        let windows = |agent: &str| agent.starts_with("batch.node.windows");
        if needed.is_some_and(|needed| needed != agent) {
            let reason = "the specified node agent SKU does not match the specified imageReference";
            return Err(ApiError::invalid_property("nodeAgentSKUId", agent, reason));
        }
        if self.windows_configuration.is_some() && !windows(agent) {
            let reason = "must not be specified for a Linux image";
            return Err(ApiError::invalid_property("windowsConfiguration", "", reason));
        }
        Ok(())
    }

    /// Returns the images that are pulled before the first task.
    pub(crate) fn images(&self) -> &[String] {
        let containers = self.container_configuration.as_ref();
        containers.and_then(|all| all.container_image_names.as_deref()).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Windows {
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_automatic_updates: Option<bool>,
}

/// The container configuration of a pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Containers {
    #[serde(rename = "type")]
    kind: ContainerKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_image_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_registries: Option<Vec<Registry>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum ContainerKind {
    DockerCompatible,
    CriCompatible,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Placement {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PlacementPolicy>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum PlacementPolicy {
    Regional,
    Zonal,
}
