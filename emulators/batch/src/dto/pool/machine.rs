//! Virtual machine configurations: image and container support.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::checks::check_modelled;
use super::super::container::Registry;
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

    pub(super) fn check(&self) -> Result<(), ApiError> {
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

    /// Returns the images that are pulled before the first task.
    pub(crate) fn images(&self) -> &[String] {
        let containers = self.container_configuration.as_ref();
        containers.and_then(|all| all.container_image_names.as_deref()).unwrap_or_default()
    }
}

/// A reference to a VM image.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ImageReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_machine_image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_gallery_image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    community_gallery_image_id: Option<String>,
}

impl ImageReference {
    /// Creates a reference to the latest version of a marketplace image.
    pub(crate) fn of(publisher: &str, offer: &str, sku: &str) -> Self {
        Self {
            publisher: Some(publisher.to_owned()),
            offer: Some(offer.to_owned()),
            sku: Some(sku.to_owned()),
            version: Some("latest".to_owned()),
            virtual_machine_image_id: None,
            shared_gallery_image_id: None,
            community_gallery_image_id: None,
        }
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
