//! The nodes of a pool: which one runs the next task, and which ones are removed.

use std::collections::BTreeSet;

/// The state of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Booting,
    Ready,
    /// No task starts on it; it is gone some time after its last task.
    Leaving,
    Removed,
}

/// A node.
#[derive(Clone, Copy, Debug)]
struct Node {
    allocated: i64,
    used: u32,
    state: State,
}

/// The nodes of a pool, by the number of their allocation.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    all: Vec<Node>,
    /// Numbers of nodes that exist, in ascending order.
    live: Vec<u32>,
    /// Ready nodes by used slots.
    ready: BTreeSet<(u32, u32)>,
    leaving: usize,
    working: usize,
}

impl Nodes {
    /// Adds a node that boots, and returns its number.
    pub(super) fn add(&mut self, now: i64) -> u32 {
        let number = self.all.len() as u32;
        self.all.push(Node { allocated: now, used: 0, state: State::Booting });
        self.live.push(number);
        number
    }

    /// Ends the boot of a node, unless it is being removed.
    pub(super) fn booted(&mut self, number: u32) {
        let node = &mut self.all[number as usize];
        if node.state == State::Booting {
            node.state = State::Ready;
            self.ready.insert((0, number));
        }
    }

    /// Occupies a slot of the ready node with the most free slots, the oldest among equals.
    pub(super) fn occupy(&mut self, slots: u32) -> Option<u32> {
        let (used, number) = *self.ready.first().filter(|(used, _)| *used < slots)?;
        self.ready.remove(&(used, number));
        self.ready.insert((used + 1, number));
        self.all[number as usize].used = used + 1;
        self.working += usize::from(used == 0);
        Some(number)
    }

    /// Frees a slot. Returns whether the node is being removed and has become empty.
    pub(super) fn free(&mut self, number: u32) -> bool {
        let node = &mut self.all[number as usize];
        node.used -= 1;
        let used = node.used;
        self.working -= usize::from(used == 0);
        if node.state == State::Ready {
            self.ready.remove(&(used + 1, number));
            self.ready.insert((used, number));
        }
        used == 0 && node.state == State::Leaving
    }

    /// Starts the removal of nodes: first those that boot, then idle ones, then those with the fewest used slots; the
    /// youngest first among equals. Returns those that run no task.
    pub(super) fn remove(&mut self, count: usize) -> Vec<u32> {
        if count == 0 {
            return Vec::new();
        }
        let staying = |number: &&u32| self.all[**number as usize].state != State::Leaving;
        let mut chosen: Vec<u32> = self.live.iter().rev().filter(staying).copied().collect();
        chosen.sort_by_key(|number| {
            let node = &self.all[*number as usize];
            (node.state == State::Ready, node.used)
        });
        chosen.truncate(count);
        for number in &chosen {
            let node = &mut self.all[*number as usize];
            node.state = State::Leaving;
            self.ready.remove(&(node.used, *number));
        }
        self.leaving += chosen.len();
        chosen.retain(|number| self.all[*number as usize].used == 0);
        chosen
    }

    /// Removes a node, and returns when it was allocated.
    pub(super) fn depart(&mut self, number: u32) -> i64 {
        if let Ok(at) = self.live.binary_search(&number) {
            self.live.remove(at);
            self.leaving -= 1;
        }
        let node = &mut self.all[number as usize];
        node.state = State::Removed;
        node.allocated
    }

    /// Counts the nodes, including those that are being removed.
    pub(super) fn total(&self) -> usize {
        self.live.len()
    }

    /// Counts the nodes that are not being removed.
    pub(super) fn staying(&self) -> usize {
        self.live.len() - self.leaving
    }

    /// Counts the nodes with a task.
    pub(super) fn working(&self) -> usize {
        self.working
    }

    /// Returns when each node that exists was allocated.
    pub(super) fn allocations(&self) -> impl Iterator<Item = i64> {
        self.live.iter().map(|number| self.all[*number as usize].allocated)
    }
}
