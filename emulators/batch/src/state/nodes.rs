//! The way of a node: it boots, runs its start task, is lost, and goes.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::agenda::Deadline;
use super::node::{Node, NodeState};
use super::pool::Wish;
use super::task::Requeue;
use super::{Order, RunId, State, key};
use crate::failure::Failure;
use crate::launch::Ask;
use crate::wire::{Deallocation, Stamp};

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
    /// Lets a node boot.
    pub(super) fn boot(&mut self, pool: &str, node: &str) {
        let now = self.moment();
        let Some(found) = self.pools.get(pool) else { return };
        let whole = found.timings.boot.draw(&mut self.dice);
        let Some(node) = self.node_of(pool, node) else { return };
        // A machine is made quickly once it is allocated; most of the time it boots.
        let made = whole / 5;
        node.boots_in = whole - made;
        let (pool, id) = (pool.to_owned(), node.id.clone());
        node.next_step = Some(now.plus(made));
        self.after(made, Deadline::Step { pool, node: id });
    }

    /// Leads a node to its next state.
    pub(super) fn step(&mut self, pool: &str, id: &str, due: Stamp) {
        let Some(node) = self.node_of(pool, id).filter(|node| node.next_step == Some(due)) else {
            return;
        };
        match node.phase.state {
            NodeState::Creating => {
                node.enter(NodeState::Starting, due);
                let (wait, pool, node_id) = (node.boots_in, pool.to_owned(), node.id.clone());
                node.next_step = Some(due.plus(wait));
                self.after(wait, Deadline::Step { pool, node: node_id });
            }
            NodeState::Starting => {
                node.next_step = None;
                let at = self.stamp(due.moment());
                if let Some(node) = self.node_of(pool, id) {
                    node.booted = Some(at);
                }
                self.run_start_task(pool, id, at);
            }
            _ => {}
        }
    }

    /// Opens a node for tasks.
    pub(super) fn open(&mut self, pool: &str, id: &str, state: NodeState, at: Stamp) {
        if let Some(node) = self.node_of(pool, id).filter(|node| node.stays()) {
            node.enter(state, at);
        }
    }

    /// Loses a node: its tasks are requeued and run again.
    pub(crate) fn lose(
        &mut self,
        node: &str,
        loss: Loss,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let at = self.stamp(now);
        let of = |(_, pool): &(&String, &super::Pool)| pool.node(node).is_ok();
        let (id, pool) = self.pools.iter().find(of).ok_or_else(Failure::node_not_found)?;
        let (id, found) = (id.clone(), pool.node(node)?);
        let (node, dedicated) = (found.id.clone(), found.dedicated);
        self.vacate(&id, &node, Requeue::NodeLost, at);
        match loss {
            Loss::Preempted => {
                if let Some(node) = self.node_of(&id, &node) {
                    node.enter(NodeState::Preempted, at);
                    node.next_step = None;
                }
                self.wish(&id, Wish { dedicated, replaces: Some(node) });
            }
            Loss::Died => {
                if let Some(node) = self.node_of(&id, &node) {
                    node.enter(NodeState::Creating, at);
                }
                self.boot(&id, &node);
            }
        }
        Ok(())
    }

    /// Sends a node's tasks back to the queue and kills their runs.
    fn vacate(&mut self, pool: &str, node: &str, why: Requeue, at: Stamp) {
        for run in self.runs_on(pool, node) {
            self.requeue_run(run, why, Ask::Kill, at);
        }
        self.abandon_start_task(pool, node, at);
    }

    fn runs_on(&self, pool: &str, node: &str) -> Vec<RunId> {
        let node = self.pools.get(pool).and_then(|pool| pool.node(node).ok());
        node.map(|node| node.runs.iter().copied().collect()).unwrap_or_default()
    }

    /// Sends a node out of its pool, and decides what becomes of its tasks.
    pub(super) fn send_away(&mut self, pool: &str, id: &str, how: Deallocation, at: Stamp) {
        let Some(node) = self.node_of(pool, id).filter(|node| node.stays()) else { return };
        node.leaving = Some(how);
        node.next_step = None;
        node.enter(NodeState::LeavingPool, at);
        match how {
            Deallocation::Requeue => self.vacate(pool, id, Requeue::Asked, at),
            Deallocation::Terminate => {
                for run in self.runs_on(pool, id) {
                    self.end_run(run, at);
                }
                self.abandon_start_task(pool, id, at);
            }
            Deallocation::TaskCompletion | Deallocation::RetainedData => {}
        }
        let pool_state = self.pools.get_mut(pool);
        if let Some(pool) = pool_state {
            pool.wishes.retain(|_, wish| wish.replaces.as_deref() != Some(id));
        }
        self.leave_if_free(pool, id);
    }

    /// Lets a node go that has to, once it has nothing more to do.
    pub(super) fn leave_if_free(&mut self, pool: &str, id: &str) {
        let Some(found) = self.pools.get(pool) else { return };
        let Ok(node) = found.node(id) else { return };
        let Some(how) = node.leaving.filter(|_| !node.departs) else { return };
        let waits = matches!(how, Deallocation::TaskCompletion | Deallocation::RetainedData);
        if waits && !node.runs.is_empty() {
            return;
        }
        let kept = found.retention(id).filter(|_| how == Deallocation::RetainedData);
        let wait = found.timings.departure.draw(&mut self.dice);
        let now = self.moment();
        let begin = kept.map_or(now, |kept| kept.max(now));
        if let Some(node) = self.node_of(pool, id) {
            node.departs = true;
        }
        let wait = begin.moment() - now.moment() + wait;
        self.after(wait, Deadline::Departure { pool: pool.to_owned(), node: id.to_owned() });
    }

    /// Takes a node out of its pool.
    pub(super) fn depart(&mut self, id: &str, node: &str, due: Stamp) {
        let at = self.stamp(due.moment());
        let Some(pool) = self.pools.get_mut(id) else { return };
        let root: std::path::PathBuf = [pool.id.as_str(), node].iter().collect();
        pool.nodes.retain(|kept| kept.id != node);
        self.orders.push(Order::Forget(root));
        self.settle_pool(id, at);
    }

    /// Finds a node by the key of its pool.
    pub(super) fn node_of(&mut self, pool: &str, node: &str) -> Option<&mut Node> {
        self.pools.get_mut(pool)?.node_mut(node)
    }

    /// Finds the key of the pool, and the nodes of it that a client means.
    pub(super) fn nodes_meant(&self, pool: &str, ids: &[String]) -> Result<Vec<String>, Failure> {
        let pool = self.pools.get(&key(pool)).ok_or_else(Failure::pool_not_found)?;
        ids.iter().map(|id| pool.node(id).map(|node| node.id.clone())).collect()
    }
}
