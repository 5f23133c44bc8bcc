//! Pools of nodes, and what happens to nodes from outside.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::task::Requeue;
use super::{RunId, State, key};
use crate::batch::failure::Failure;
use crate::batch::launch::Ask;
use crate::batch::wire::Stamp;

/// A pool.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) label: String,
    pub(crate) slots: u32,
    /// Whether it has a container configuration.
    pub(crate) containers: bool,
    pub(crate) created: Stamp,
    pub(crate) modified: Stamp,
    pub(crate) nodes: Vec<Node>,
    /// Whether no task may start.
    pub(crate) held: bool,
    /// How many nodes it ever had; the next one's number.
    numbers: u32,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) label: String,
    pub(crate) allocated: Stamp,
    pub(crate) booted: Stamp,
    /// When it became idle or running.
    pub(crate) since: Stamp,
    pub(crate) used: u32,
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) tasks_run: u64,
    pub(crate) tasks_succeeded: u64,
}

impl Pool {
    fn grow(&mut self, at: Stamp) {
        self.numbers += 1;
        let number = self.numbers;
        self.nodes.push(Node {
            id: format!("tvm-{}-{number}", self.id),
            label: format!("{} {number}", self.label),
            allocated: at,
            booted: at,
            since: at,
            used: 0,
            runs: BTreeSet::new(),
            tasks_run: 0,
            tasks_succeeded: 0,
        });
    }

    /// Chooses the node with the most room, which is how a pool spreads its tasks.
    pub(super) fn roomiest(&self, slots: u32) -> Option<usize> {
        let room = |node: &Node| self.slots - node.used.min(self.slots);
        let fitting = self.nodes.iter().enumerate().filter(|(_, node)| room(node) >= slots);
        fitting.rev().max_by_key(|(_, node)| room(node)).map(|(index, _)| index)
    }

    /// Tells whether any slot is free.
    pub(super) fn has_room(&self) -> bool {
        self.nodes.iter().any(|node| node.used < self.slots)
    }

    /// Finds a node.
    pub(crate) fn node(&self, id: &str) -> Result<&Node, Failure> {
        let wanted = |node: &&Node| node.id.eq_ignore_ascii_case(id);
        self.nodes.iter().find(wanted).ok_or_else(Failure::node_not_found)
    }

    pub(super) fn node_mut(&mut self, id: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id == id)
    }
}

impl Node {
    /// Tells the node's state on the wire.
    pub(crate) fn state(&self) -> &'static str {
        if self.runs.is_empty() { "idle" } else { "running" }
    }

    /// Takes a run on.
    pub(super) fn take_on(&mut self, run: RunId, slots: u32, at: Stamp) {
        if self.runs.is_empty() {
            self.since = at;
        }
        self.runs.insert(run);
        self.used += slots;
        self.tasks_run += 1;
    }

    /// Lets a run go.
    pub(super) fn let_go(&mut self, run: RunId, slots: u32, at: Stamp) {
        if self.runs.remove(&run) {
            self.used -= slots;
            if self.runs.is_empty() {
                self.since = at;
            }
        }
    }
}

/// How a node is lost.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// Azure takes it away; the pool gets another.
    Preempted,
    /// It dies, and boots again under its id.
    Died,
}

impl State {
    /// Makes a pool of idle nodes.
    pub(crate) fn add_pool(
        &mut self,
        id: &str,
        label: &str,
        slots: u32,
        containers: bool,
        now: DateTime<Utc>,
    ) {
        let at = self.stamp(now);
        let pool = Pool {
            id: id.to_owned(),
            label: label.to_owned(),
            slots,
            containers,
            created: at,
            modified: at,
            nodes: Vec::new(),
            held: false,
            numbers: 0,
        };
        self.pools.insert(key(id), pool);
    }

    /// Lets tasks wait although there is room, or lets them start again.
    pub(crate) fn hold(&mut self, pool: &str, held: bool) -> Result<(), Failure> {
        self.pool_mut(pool)?.held = held;
        Ok(())
    }

    /// Gives a pool another size at once; tasks of nodes that go are requeued.
    pub(crate) fn resize(
        &mut self,
        pool: &str,
        nodes: usize,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let at = self.stamp(now);
        let resized = self.pool_mut(pool)?;
        resized.modified = at;
        while resized.nodes.len() < nodes {
            resized.grow(at);
        }
        // The idle ones go first, and of those the youngest.
        let mut leaving: Vec<_> = resized.nodes.iter().map(|node| (node.used, &node.id)).collect();
        leaving.reverse();
        leaving.sort_by_key(|(used, _)| *used);
        let surplus = leaving.len() - nodes;
        let leaving: Vec<_> = leaving[..surplus].iter().map(|(_, id)| (*id).clone()).collect();
        for node in leaving {
            self.vacate(pool, &node, Requeue::Asked, at)?;
            self.pool_mut(pool)?.nodes.retain(|kept| kept.id != node);
        }
        Ok(())
    }

    /// Loses a node: its tasks are requeued and run again.
    pub(crate) fn lose(
        &mut self,
        node: &str,
        loss: Loss,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let at = self.stamp(now);
        let of = |pool: &&super::Pool| pool.node(node).is_ok();
        let pool = self.pools.values().find(of).ok_or_else(Failure::node_not_found)?;
        let (pool, node) = (pool.id.clone(), pool.node(node)?.id.clone());
        self.vacate(&pool, &node, Requeue::NodeLost, at)?;
        let pool = self.pool_mut(&pool)?;
        match loss {
            Loss::Preempted => {
                pool.nodes.retain(|kept| kept.id != node);
                pool.grow(at);
            }
            Loss::Died => {
                if let Some(node) = pool.node_mut(&node) {
                    node.booted = at;
                }
            }
        }
        Ok(())
    }

    /// Sends a node's tasks back to the queue and kills their runs.
    fn vacate(&mut self, pool: &str, node: &str, why: Requeue, at: Stamp) -> Result<(), Failure> {
        let runs: Vec<_> = self.pool(pool)?.node(node)?.runs.iter().copied().collect();
        for run in runs {
            self.requeue_run(run, why, Ask::Kill, at);
        }
        Ok(())
    }
}
