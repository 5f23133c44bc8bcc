//! The choice of nodes for tasks and for removal.

use super::Pool;
use crate::dto::FillType;
use crate::state::node::Node;

impl Pool {
    /// Chooses the number of the node for a task: the one with the most free slots, or with the
    /// fewest that suffice.
    pub(in crate::state) fn choose_node(&self, slots: u32) -> Option<u32> {
        let most = self.slots().checked_sub(slots)?;
        match self.policy().node_fill_type {
            FillType::Spread => {
                self.nodes.least_used().filter(|(used, _)| *used <= most).map(|(_, node)| node)
            }
            FillType::Pack => self.nodes.most_used(most),
        }
    }

    /// Returns whether any slot is free.
    pub(in crate::state) fn has_free_slots(&self) -> bool {
        self.nodes.least_used().is_some_and(|(used, _)| used < self.slots())
    }

    /// Chooses the nodes of a kind to remove: first preempted nodes, then nodes that are not
    /// ready, then idle ones, then those with the fewest used slots; the youngest first among equals.
    pub(in crate::state) fn removal_candidates(
        &self,
        dedicated: bool,
        count: usize,
    ) -> Vec<String> {
        if count == 0 {
            return Vec::new();
        }
        let staying = |node: &&Node| node.dedicated == dedicated && node.is_staying();
        let mut nodes: Vec<_> = self.nodes.iter().rev().filter(staying).collect();
        nodes.sort_by_key(|node| (!node.is_preempted(), node.is_ready(), node.used_slots));
        nodes.into_iter().take(count).map(|node| node.id.clone()).collect()
    }
}
