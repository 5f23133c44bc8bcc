//! The choice of nodes for tasks and for removal.

use super::Pool;
use crate::dto::FillType;
use crate::state::node::Node;

impl Pool {
    /// Chooses the node for a task: the one with the most free slots, or with the fewest that
    /// suffice.
    pub(in crate::state) fn choose_node(&self, slots: u32) -> Option<usize> {
        let most = self.slots();
        let room = |node: &Node| most - node.used_slots.min(most);
        let fits = |node: &Node| node.is_ready() && node.is_staying() && room(node) >= slots;
        let fitting = self.nodes.iter().enumerate().filter(|(_, node)| fits(node));
        let chosen = match self.policy().node_fill_type {
            FillType::Spread => fitting.rev().max_by_key(|(_, node)| room(node)),
            FillType::Pack => fitting.min_by_key(|(_, node)| room(node)),
        };
        chosen.map(|(index, _)| index)
    }

    /// Returns whether any slot is free.
    pub(in crate::state) fn has_free_slots(&self) -> bool {
        let free =
            |node: &Node| node.is_ready() && node.is_staying() && node.used_slots < self.slots();
        self.nodes.iter().any(free)
    }

    /// Chooses the nodes of a kind to remove: first preempted nodes and nodes that are not ready,
    /// then idle ones, then those with the fewest used slots; the youngest first among equals.
    pub(in crate::state) fn removal_candidates(
        &self,
        dedicated: bool,
        count: usize,
    ) -> Vec<String> {
        let staying = |node: &&Node| node.dedicated == dedicated && node.is_staying();
        let mut nodes: Vec<_> = self.nodes.iter().rev().filter(staying).collect();
        nodes.sort_by_key(|node| (node.is_ready(), node.used_slots));
        nodes.into_iter().take(count).map(|node| node.id.clone()).collect()
    }
}
