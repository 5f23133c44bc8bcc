//! Changes of a pool's specification.

use super::Pool;
use crate::dto::{PoolPatch, PoolReplace};

impl Pool {
    /// Changes the properties that a patch has.
    pub(in crate::state) fn apply(&mut self, patch: PoolPatch) {
        let spec = &mut self.spec;
        replace(&mut spec.display_name, patch.display_name);
        replace(&mut spec.enable_inter_node_communication, patch.enable_inter_node_communication);
        replace(&mut spec.start_task, patch.start_task);
        replace(&mut spec.metadata, patch.metadata);
        replace(&mut spec.virtual_machine_configuration, patch.virtual_machine_configuration);
        replace(&mut spec.task_slots_per_node, patch.task_slots_per_node);
        replace(&mut spec.task_scheduling_policy, patch.task_scheduling_policy);
        replace(&mut spec.network_configuration, patch.network_configuration);
        replace(&mut spec.user_accounts, patch.user_accounts);
        replace(&mut spec.resource_tags, patch.resource_tags);
        replace(&mut spec.target_node_communication_mode, patch.target_node_communication_mode);
        if let Some(size) = patch.vm_size {
            spec.vm_size = size;
        }
    }

    /// Replaces the properties that can change at any time.
    pub(in crate::state) fn replace(&mut self, replace: PoolReplace) {
        self.spec.start_task = replace.start_task;
        self.spec.metadata = Some(replace.metadata);
        self.spec.target_node_communication_mode = replace.target_node_communication_mode;
    }
}

fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}
