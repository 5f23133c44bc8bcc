//! Pools: request bodies.

use serde::Deserialize;
use serde_json::Value;

use super::IsoDuration;
use super::checks::{check_display_name, check_id, check_modelled};
use super::job::{Metadata, check_metadata};
use super::start_task::StartTask;
use crate::error::ApiError;

mod earlier;
mod image_reference;
mod images;
mod machine;
mod network;
mod replace;
mod requests;
mod vm_size;
mod scheduling;

pub(crate) use earlier::{CommunicationMode, ResourceTags};
pub(crate) use image_reference::ImageReference;
pub(crate) use images::{OFFERS, Offer};
pub(crate) use machine::Machine;
use network::{Network, UserAccount};
pub(crate) use replace::PoolReplace;
pub(crate) use requests::{
    AutoScaleEvaluation, AutoScaleSettings, Deallocation, NodeReboot, NodeRemoval,
    NodeSchedulingDisable, PoolResize, check_interval, check_not_negative, check_timeout,
};
pub(crate) use scheduling::{FillType, JobOrder, SchedulingPolicy};

/// The body of Add Pool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPool {
    pub(crate) id: String,
    pub(crate) display_name: Option<String>,
    pub(crate) vm_size: String,
    pub(crate) virtual_machine_configuration: Option<Machine>,
    pub(crate) resize_timeout: Option<IsoDuration>,
    pub(crate) target_dedicated_nodes: Option<i32>,
    pub(crate) target_low_priority_nodes: Option<i32>,
    pub(crate) enable_auto_scale: Option<bool>,
    pub(crate) auto_scale_formula: Option<String>,
    pub(crate) auto_scale_evaluation_interval: Option<IsoDuration>,
    pub(crate) enable_inter_node_communication: Option<bool>,
    pub(crate) network_configuration: Option<Network>,
    pub(crate) start_task: Option<StartTask>,
    pub(crate) task_slots_per_node: Option<u32>,
    pub(crate) task_scheduling_policy: Option<SchedulingPolicy>,
    pub(crate) user_accounts: Option<Vec<UserAccount>>,
    pub(crate) metadata: Option<Vec<Metadata>>,
    pub(crate) target_node_communication_mode: Option<CommunicationMode>,
    pub(crate) resource_tags: Option<ResourceTags>,
    application_package_references: Option<Value>,
    mount_configuration: Option<Value>,
    upgrade_policy: Option<Value>,
    application_licenses: Option<Value>,
    certificate_references: Option<Value>,
    cloud_service_configuration: Option<Value>,
}

impl NewPool {
    /// Creates the body for a fixed pool, which exists when the emulator starts.
    pub(crate) fn fixed(id: &str, display_name: &str, slots: u32, containers: bool) -> Self {
        Self {
            id: id.to_owned(),
            display_name: Some(display_name.to_owned()),
            vm_size: "Standard_D2_v5".to_owned(),
            virtual_machine_configuration: Some(Machine::fixed(containers)),
            resize_timeout: None,
            target_dedicated_nodes: None,
            target_low_priority_nodes: None,
            enable_auto_scale: None,
            auto_scale_formula: None,
            auto_scale_evaluation_interval: None,
            enable_inter_node_communication: None,
            network_configuration: None,
            start_task: None,
            task_slots_per_node: Some(slots),
            task_scheduling_policy: None,
            user_accounts: None,
            metadata: None,
            target_node_communication_mode: None,
            resource_tags: None,
            application_package_references: None,
            mount_configuration: None,
            upgrade_policy: None,
            application_licenses: None,
            certificate_references: None,
            cloud_service_configuration: None,
        }
    }

    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_id(&self.id)?;
        check_display_name(self.display_name.as_deref())?;
        check_modelled(&[
            ("applicationLicenses", self.application_licenses.as_ref()),
            ("certificateReferences", self.certificate_references.as_ref()),
            ("cloudServiceConfiguration", self.cloud_service_configuration.as_ref()),
        ])?;
        if self.virtual_machine_configuration.is_none() {
            return Err(ApiError::missing_property("virtualMachineConfiguration"));
        }
        check_size_name(&self.vm_size)?;
        self.check_machine()?;
        check_slots(self.task_slots_per_node, &self.vm_size)?;
        check_timeout(self.resize_timeout)?;
        check_metadata(self.metadata.as_deref())?;
        self.check_size()?;
        check_modelled(&[
            ("applicationPackageReferences", self.application_package_references.as_ref()),
            ("mountConfiguration", self.mount_configuration.as_ref()),
            ("upgradePolicy", self.upgrade_policy.as_ref()),
        ])
    }

    fn check_machine(&self) -> Result<(), ApiError> {
        self.virtual_machine_configuration.as_ref().map_or(Ok(()), Machine::check)?;
        self.start_task.as_ref().map_or(Ok(()), StartTask::check)?;
        self.network_configuration.as_ref().map_or(Ok(()), Network::check)
    }

    /// Checks that the pool is sized by its formula or by its targets, not by both.
    fn check_size(&self) -> Result<(), ApiError> {
        let given = |name, set| if set { Err(ApiError::not_with_scaling(name)) } else { Ok(()) };
        if self.enable_auto_scale != Some(true) {
            if self.auto_scale_formula.is_some() {
                return Err(ApiError::only_with_scaling("autoScaleFormula"));
            }
            // Without targets, the pool has no nodes. The documentation requires one of them, but
            // recordings of azure-cli (test_batch_pools_and_nodes.yaml) show 201 without.
            return check_not_negative(self.target_dedicated_nodes, self.target_low_priority_nodes);
        }
        given("targetDedicatedNodes", self.target_dedicated_nodes.is_some_and(|nodes| nodes != 0))?;
        given(
            "targetLowPriorityNodes",
            self.target_low_priority_nodes.is_some_and(|nodes| nodes != 0),
        )?;
        check_interval(self.auto_scale_evaluation_interval)?;
        match self.auto_scale_formula {
            Some(_) => Ok(()),
            None => Err(ApiError::missing_property("autoScaleFormula")),
        }
    }
}

/// The body of Update Pool: absent properties are not changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolPatch {
    pub(crate) display_name: Option<String>,
    pub(crate) vm_size: Option<String>,
    pub(crate) enable_inter_node_communication: Option<bool>,
    pub(crate) start_task: Option<StartTask>,
    pub(crate) metadata: Option<Vec<Metadata>>,
    pub(crate) virtual_machine_configuration: Option<Machine>,
    pub(crate) task_slots_per_node: Option<u32>,
    pub(crate) task_scheduling_policy: Option<SchedulingPolicy>,
    pub(crate) network_configuration: Option<Network>,
    pub(crate) user_accounts: Option<Vec<UserAccount>>,
    pub(crate) target_node_communication_mode: Option<CommunicationMode>,
    pub(crate) resource_tags: Option<ResourceTags>,
    application_package_references: Option<Value>,
    mount_configuration: Option<Value>,
    upgrade_policy: Option<Value>,
    certificate_references: Option<Value>,
}

impl PoolPatch {
    /// Checks the values for a pool with this VM size.
    pub(crate) fn check(&self, vm_size: &str) -> Result<(), ApiError> {
        check_display_name(self.display_name.as_deref())?;
        self.vm_size.as_deref().map_or(Ok(()), check_size_name)?;
        self.virtual_machine_configuration.as_ref().map_or(Ok(()), Machine::check)?;
        self.start_task.as_ref().map_or(Ok(()), StartTask::check)?;
        self.network_configuration.as_ref().map_or(Ok(()), Network::check)?;
        check_slots(self.task_slots_per_node, self.vm_size.as_deref().unwrap_or(vm_size))?;
        check_metadata(self.metadata.as_deref())?;
        check_modelled(&[
            ("applicationPackageReferences", self.application_package_references.as_ref()),
            ("mountConfiguration", self.mount_configuration.as_ref()),
            ("upgradePolicy", self.upgrade_policy.as_ref()),
            ("certificateReferences", self.certificate_references.as_ref()),
        ])
    }

    /// Returns whether it changes a property that can only change while the pool has no nodes.
    pub(crate) fn needs_an_empty_pool(&self) -> bool {
        self.vm_size.is_some()
            || self.enable_inter_node_communication.is_some()
            || self.virtual_machine_configuration.is_some()
            || self.task_slots_per_node.is_some()
            || self.task_scheduling_policy.is_some()
            || self.network_configuration.is_some()
            || self.user_accounts.is_some()
            || self.resource_tags.is_some()
    }
}

/// Returns the number of cores of a VM size: the first number in the second part of its name.
pub(crate) fn cores(vm_size: &str) -> u32 {
    let digits = vm_size.split('_').nth(1).unwrap_or(vm_size);
    let digits = digits.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let count = digits.split(|letter: char| !letter.is_ascii_digit()).next();
    count.and_then(|count| count.parse().ok()).filter(|count| *count > 0).unwrap_or(1)
}

fn check_size_name(vm_size: &str) -> Result<(), ApiError> {
    if vm_size::is_vm_size(vm_size) {
        return Ok(());
    }
    let reason = "the specified VM size is invalid or not supported";
    Err(ApiError::invalid_property("vmSize", vm_size, reason))
}

fn check_slots(slots: Option<u32>, vm_size: &str) -> Result<(), ApiError> {
    let most = (4 * cores(vm_size)).min(256);
    match slots.filter(|slots| !(1..=most).contains(slots)) {
        Some(wrong) => {
            let reason =
                format!("a node of this size has 1 to {most} slots: 4 a core, at most 256");
            Err(ApiError::invalid_property("taskSlotsPerNode", &wrong.to_string(), &reason))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::cores;

    #[test]
    fn the_name_of_a_size_has_its_cores() {
        let sizes = [
            "Standard_D2s_v5",
            "standard_d16ads_v5",
            "Standard_A1_v2",
            "STANDARD_NC24rs_v3",
            "odd",
        ];
        assert_eq!(sizes.map(cores), [2, 16, 1, 24, 1]);
    }
}
