//! The nodes of a pool, with what a pool of many thousand nodes must know without a scan.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::node::{Node, NodeState};

/// The nodes of a pool, in the order of their allocation.
///
/// Every change of a node passes [`Nodes::change`], which keeps the counts and the index of ready
/// nodes. Each step is logarithmic in the number of nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    nodes: BTreeMap<u32, Node>,
    /// The numbers of the nodes, by id in lower case.
    numbers: BTreeMap<String, u32>,
    /// The nodes that tasks can run on, by used slots.
    ready: BTreeSet<(u32, u32)>,
    dedicated: Count,
    low_priority: Count,
    /// The number of nodes whose state changes without further requests.
    transitioning: usize,
}

/// The number of nodes of a kind.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: usize,
    /// Those that are being removed.
    leaving: usize,
}

impl Nodes {
    /// Adds a node with the next number; numbers only grow.
    pub(super) fn push(&mut self, number: u32, node: Node) {
        self.numbers.insert(node.id.to_ascii_lowercase(), number);
        self.nodes.insert(number, node);
        self.count(number, true);
    }

    /// Removes a node.
    pub(in crate::state) fn remove(&mut self, id: &str) -> Option<Node> {
        let number = self.numbers.remove(&id.to_ascii_lowercase())?;
        self.count(number, false);
        self.nodes.remove(&number)
    }

    /// Changes a node; `None` if it does not exist.
    pub(in crate::state) fn change<R>(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Node) -> R,
    ) -> Option<R> {
        let number = self.number(id)?;
        self.change_number(number, change)
    }

    /// Changes the node with this number.
    pub(in crate::state) fn change_number<R>(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Node) -> R,
    ) -> Option<R> {
        self.count(number, false);
        let changed = self.nodes.get_mut(&number).map(change);
        self.count(number, true);
        changed
    }

    /// Adds a node to the counts and the index, or removes it.
    fn count(&mut self, number: u32, adds: bool) {
        use NodeState::{Creating, LeavingPool, Rebooting, Starting, WaitingForStartTask};
        let Some(node) = self.nodes.get(&number) else { return };
        let of_kind = if node.dedicated { &mut self.dedicated } else { &mut self.low_priority };
        let moves = matches!(
            node.phase.state,
            Creating | Starting | Rebooting | WaitingForStartTask | LeavingPool
        );
        let change = |count: &mut usize, applies: bool| match (applies, adds) {
            (true, true) => *count += 1,
            (true, false) => *count -= 1,
            (false, _) => {}
        };
        change(&mut of_kind.all, true);
        change(&mut of_kind.leaving, !node.is_staying());
        change(&mut self.transitioning, moves);
        let entry = (node.used_slots, number);
        if adds && node.takes_tasks() {
            self.ready.insert(entry);
        } else {
            self.ready.remove(&entry);
        }
    }

    fn number(&self, id: &str) -> Option<u32> {
        self.numbers.get(&id.to_ascii_lowercase()).copied()
    }

    /// Finds a node; ids are case-insensitive.
    pub(crate) fn get(&self, id: &str) -> Option<&Node> {
        self.nodes.get(&self.number(id)?)
    }

    /// Returns the nodes in the order of their allocation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Node> {
        self.nodes.values()
    }

    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the number of nodes of a kind.
    pub(super) fn total(&self, dedicated: bool) -> usize {
        self.count_of(dedicated).all
    }

    /// Returns the number of nodes of a kind that are not being removed.
    pub(super) fn staying(&self, dedicated: bool) -> usize {
        self.count_of(dedicated).all - self.count_of(dedicated).leaving
    }

    fn count_of(&self, dedicated: bool) -> Count {
        if dedicated { self.dedicated } else { self.low_priority }
    }

    /// Returns whether a node changes its state without further requests.
    pub(super) fn are_transitioning(&self) -> bool {
        self.transitioning > 0
    }

    /// Returns the used slots and the number of the ready node with the fewest used slots, the oldest
    /// among equals.
    pub(super) fn least_used(&self) -> Option<(u32, u32)> {
        self.ready.first().copied()
    }

    /// Returns the number of the ready node with the most used slots up to this number, the oldest
    /// among equals.
    pub(super) fn most_used(&self, up_to: u32) -> Option<u32> {
        let (used, _) = self.ready.range(..=(up_to, u32::MAX)).next_back()?;
        self.ready.range((*used, 0)..).next().map(|(_, number)| *number)
    }
}
