//! Which node takes a task, and which ones can be spared.

use super::Pool;
use crate::state::node::Node;
use crate::wire::FillType;

impl Pool {
    /// Chooses the node for a task: the one with the most room, or with the least that is enough.
    pub(in crate::state) fn place_for(&self, slots: u32) -> Option<usize> {
        let most = self.slots();
        let room = |node: &Node| most - node.used.min(most);
        let fits = |node: &Node| node.is_ready() && node.stays() && room(node) >= slots;
        let fitting = self.nodes.iter().enumerate().filter(|(_, node)| fits(node));
        let chosen = match self.policy().node_fill_type {
            FillType::Spread => fitting.rev().max_by_key(|(_, node)| room(node)),
            FillType::Pack => fitting.min_by_key(|(_, node)| room(node)),
        };
        chosen.map(|(index, _)| index)
    }

    /// Tells whether any slot is free.
    pub(in crate::state) fn has_room(&self) -> bool {
        let free = |node: &Node| node.is_ready() && node.stays() && node.used < self.slots();
        self.nodes.iter().any(free)
    }

    /// Chooses the nodes of a kind that can be spared: preempted and unfinished ones first, then idle
    /// ones, then those with the least to do; the youngest first of those alike.
    pub(in crate::state) fn sparable(&self, dedicated: bool, count: usize) -> Vec<String> {
        let staying = |node: &&Node| node.dedicated == dedicated && node.stays();
        let mut nodes: Vec<_> = self.nodes.iter().rev().filter(staying).collect();
        nodes.sort_by_key(|node| (node.is_ready(), node.used));
        nodes.into_iter().take(count).map(|node| node.id.clone()).collect()
    }
}
